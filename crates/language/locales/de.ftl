### Deutsch.

language-name = Deutsch

## Zahlen und Daten

number-decimal-mark = ,
number-group-mark = .
date = { $day }. { $month } { $year }
plain-group-mark = .
date-of-year = { $day }. { $month }
period-week-of-year = KW { $week }
period-quarter-of-year = Q{ $number }
period-half-of-year = H{ $number }
date-short = { $day }. { $month }
instant = { $date }, { $time } Uhr
period-week = KW { $week }, { $year }
period-week-short = KW { $week }/{ $year }
period-month = { $month } { $year }
period-month-short = { $month } { $year }
period-quarter = Q{ $number } GJ { $year }
period-half = H{ $number } GJ { $year }
period-year = GJ { $year }
frequency-day = Tag
frequency-week = Woche
frequency-month = Monat
frequency-quarter = Quartal
frequency-half = Halbjahr
frequency-year = Jahr
month = { $number ->
     [1] Januar
     [2] Februar
     [3] März
     [4] April
     [5] Mai
     [6] Juni
     [7] Juli
     [8] August
     [9] September
     [10] Oktober
     [11] November
    *[12] Dezember
}
weekday = { $number ->
     [1] Montag
     [2] Dienstag
     [3] Mittwoch
     [4] Donnerstag
     [5] Freitag
     [6] Samstag
    *[7] Sonntag
}
date-weekday = { $weekday }, { $day }
month-short = { $number ->
     [1] Jan.
     [2] Feb.
     [3] März
     [4] Apr.
     [5] Mai
     [6] Juni
     [7] Juli
     [8] Aug.
     [9] Sept.
     [10] Okt.
     [11] Nov.
    *[12] Dez.
}

## Status

status-on-track = im Plan
status-at-risk = gefährdet
status-off-track = außer Plan
status-no-data = keine Daten
status-pending = ausstehend
status-not-scored = nicht bewertet
coverage = { $part } des Gewichts haben Daten
was-status = war { $status }
since = seit { $period }
provisional = vorläufig
critical = kritisch
overdue = überfällig
due = fällig am { $day }

## Was jede Seite hat

skip-to-content = Zum Inhalt
nav-main = Seiten
nav-trail = Wo Sie sind
nav-home = Start
nav-mine = Meine
nav-alerts = Alarme
nav-data = Daten
search = Scorecards und Kennzahlen suchen
search-go = Suchen
log-in = Anmelden
log-in-as-other = Mit einem anderen Konto anmelden
log-out-there = Weiter zum Anmeldedienst, um sich auch dort abzumelden
log-out = Abmelden
as-of = Stand { $instant } ({ $zone })
at-period = Sie sehen das Ende von { $period }, mit den Zahlen, wie sie heute bekannt sind.
at-instant = Sie sehen, was am { $instant } bekannt war.
to-present = Zurück zur Gegenwart
configuration = Konfiguration { $hash }
choose-at = Stand
choose-compare = Vergleichen mit
choose-go = Anzeigen
to-home = Zur ersten Seite
owner = Verantwortlich
steward = Datenpflege

## Listen

sort = Sortieren
sort-author = wie geschrieben
sort-worst = Schlechteste zuerst
sort-name = nach Namen
filter = Zeigen
filter-all = alle
searched-for = Gefunden zu „{ $words }“.
filter-none = Alle zeigen
pages = Seiten dieser Liste
page-before = Zurück
page-after = Weiter
page-of = Seite { $page } von { $pages }, { $found } insgesamt
nothing-found = Nichts gefunden.
and-more = … und { $count } weitere

## Seiten, die nicht gezeigt werden können

not-found = Nicht gefunden
not-found-words = Diese Seite gibt es nicht, oder Sie dürfen sie nicht sehen. Vielleicht wurde sie umbenannt oder entfernt, seit der Verweis entstand.
no-moment = Das ist kein Zeitraum
no-moment-words = „{ $written }“ ist weder Zeitraum noch Zeitpunkt. Schreiben Sie einen Monat wie 2026-05, ein Quartal wie FY2027-Q1, einen Tag wie 2026-05-31 oder einen Zeitpunkt wie 2026-05-31T18:00:00+02:00.
not-yet = Noch nicht bereit
not-yet-words = kpid ist gerade erst gestartet und hat noch nichts bewertet. Bitte gleich noch einmal versuchen.
unreadable = Diese Seite lässt sich gerade nicht erstellen
unreadable-words = Etwas ist schiefgegangen. Im Protokoll von kpid steht, was; bitte sagen Sie es denen, die kpid betreiben.

## Start

home-title = Wo wir stehen
home-scorecards = { $count ->
    [one] Eine Scorecard
   *[other] { $count } Scorecards
}
line-of-sight = Wer zu wem beiträgt
home-wanting = Worum sich jemand kümmern muss
home-more-alerts = … und { $count } weitere offene Alarme
home-no-data = { $count ->
    [one] Eine Kennzahl hat keine Daten
   *[other] { $count } Kennzahlen haben keine Daten
}
open-since = Offen seit { $instant }

## Meine

mine-title = Zuständigkeiten: { $name }
mine-owned = Wofür Sie verantwortlich sind
mine-nothing = Sie sind nirgends als verantwortlich genannt.
initiatives = Initiativen

## Scorecards

perspectives = Perspektiven
no-perspectives = Diese Scorecard hat noch keine Perspektiven.
more-objectives = … und { $count } weitere Ziele
map = Strategiekarte
map-title = Was in { $name } worauf wirkt
map-as-list = Dasselbe als Liste
heat-map = Die letzten zwölf Perioden
to-review = Review { $period }

## Perspektiven und Kennzahlen

kpis = Kennzahlen
kpi = Kennzahl
status = Status
value = Wert
target = Soll
gap = Abstand
against-target = Gegen Soll
last-periods = Verlauf
variation = Signale
share = Anteil
value-of-target = { $value } von { $target }
of-target = von { $target }
no-value = kein Wert
sparkline-title = { $name } von { $from } bis { $to }
percentage-points = Prozentpunkte
source-fails = Die Quelle liefert nicht
contributions-of-units = Beiträge anderer Einheiten
share-of-shortfall = { $share } des Rückstands
what-changed = Was den Score verändert hat
waterfall-title = Von { $before } auf { $now }, Teil für Teil
smaller-parts = kleinere Teile
other-causes = Gewichte und Regeln
nothing-changed = Nichts hat den Score verändert.
as-table = Dasselbe als Tabelle
variation-common = übliche Schwankung
variation-improving = besser geworden
variation-concerning = schlechter geworden
assurance-pass = erreicht das Soll in der Regel
assurance-fail = verfehlt das Soll in der Regel
assurance-hit-and-miss = erreicht das Soll nur zufällig
sentence-common = Der neueste Wert liegt in der üblichen Schwankung dieses Prozesses.
sentence-improving = Der neueste Wert zeigt, dass der Prozess besser geworden ist.
sentence-concerning = Der neueste Wert zeigt, dass der Prozess schlechter geworden ist.
sentence-pass = So wie der Prozess ist, wird er das Soll in der Regel erreichen.
sentence-fail = So wie der Prozess ist, wird er das Soll nicht erreichen, wenn sich nichts ändert.
sentence-hit-and-miss = So wie der Prozess ist, erreicht er das Soll in manchen Perioden und verfehlt es in anderen rein zufällig.
two-sentences = { $first } { $second }
last-known = Der letzte bekannte Wert ist { $value } für { $period }.
pace-title = { $period } bisher
pace-so-far = Bis { $instant } kamen { $value }; { $target } hätten es bis dahin sein sollen.
pace-projection = Bei diesem Tempo ergibt die ganze Periode { $value }.
pace-required = Jeder verbleibende Tag muss { $value } bringen.
green-needs-more = Für „im Plan“ braucht es mindestens { $line }: { $gap } mehr.
green-needs-less = Für „im Plan“ dürfen es höchstens { $line } sein: { $gap } weniger.
over-time = Verlauf
chart-title = { $name } im Zeitverlauf
chart-no-limits = Für natürliche Grenzen sind es zu wenige Werte.
chart-legend = Punkte sind Werte, gestrichelte Linien die natürlichen Grenzen um den Mittelwert, die schwarze Stufe ist das Soll; die blassere Linie liegt ein Jahr zurück. Ein hohler Punkt ist vorläufig oder wurde berichtigt, ein umringter ist ein Signal.
chart-forecast = Für { $period } wird ein Wert zwischen { $low } und { $high } erwartet.
nothing-collected = Es wurde noch nichts erhoben.
mark-signal = ein Signal
mark-provisional = vorläufig
mark-restated = berichtigt
figures = Zahlen
earlier-periods = { $count } frühere Perioden
period = Periode
green-line = Im Plan ab
red-line = Außer Plan ab
collected = Erhoben
was-value = war { $value }
definition = Definition
description = Beschreibung
nature = Art
nature-flow = ein Fluss: die Teile addieren sich
nature-level = ein Bestand: der neueste Wert zählt
nature-ratio = ein Verhältnis
nature-event = ein Ereignis: es tritt ein oder nicht
direction-higher = mehr ist besser
direction-lower = weniger ist besser
frequency = Periode
source = Quelle
source-asks = { $connection } wird gefragt:
source-pushes = { $connection } sendet sie von selbst
observed = Gültig seit
formula = Formel
shared-from = { $count ->
    [one] Dieselbe Kennzahl einer Einheit
   *[other] Dieselbe Kennzahl von { $count } Einheiten
}
last-runs = Letzte Abfragen
last-runs-words = Die neueste, und davor jene, die anders ausgingen als die vorige.
run-well = erhoben

## Warum es kein Urteil gibt

gap-never-collected = Es wurde noch nichts erhoben.
gap-overdue = Der Wert ist überfällig.
gap-stale = Der neueste Wert ist zu alt.
gap-sample = Die Stichprobe ist zu klein für ein Urteil.
gap-no-target = Für die Periode ist kein Soll gesetzt.
gap-zero-target = Das Soll ist 0, und die Toleranz ist ein Prozentsatz davon.
gap-missing-input = Einer der Eingangswerte fehlt.
gap-undefined = Es gibt keinen Wert: eine Division durch null.
gap-not-combinable = Prozentwerte lassen sich nicht addieren; sie brauchen Zähler und Nenner.
gap-not-due = Es ist noch nichts fällig.
gap-too-early = Für ein Urteil ist es in der Periode noch zu früh.
gap-not-applicable = In dieser Periode entfällt die Kennzahl.
gap-not-begun = Die Kennzahl beginnt mit einer späteren Periode.
gap-ended = Die Kennzahl endete mit einer früheren Periode.
gap-quarantined = Ein unglaubwürdiger Wert wartet auf einen Menschen.
gap-carried-forward = Überfällig; bewertet nach einem früheren Wert.

## Alarme

alert-title = { $name }, Alarm { $number }
alert-open = Ein Alarm ist offen
nobody-answers = Niemand hat ihn bestätigt.
ended-at = Beendet am { $instant }.
acknowledged-by = Von { $name } am { $instant } bestätigt.
to-alert = Zum Alarm
to-node = Zur Seite
acknowledge = Bestätigen
acknowledge-words = Sie stehen von da an dafür ein; Erinnerungen und Eskalation enden.
comment = Kommentar
well-by = Wieder gut bis
silence = Stummschalten
silence-words = Bis dahin wird niemandem davon berichtet, höchstens 30 Tage lang.
silence-until = Bis zum Ende des
silence-reason = Warum
what-happened = Was geschah
nothing-happened = Nichts ist verzeichnet.
who-was-told = Wer benachrichtigt wurde
nobody-was-told = Niemand wurde benachrichtigt.
when = Wann
to-whom = Wer
channel = Kanal
delivery-state = Zustellung
delivery-pending = unterwegs
delivery-held = wartet auf die Arbeitszeit
delivery-batched = wartet auf die Zusammenfassung
delivery-delivered = zugestellt
delivery-given-up = aufgegeben
delivery-dropped = von einem Menschen verworfen
delivery-summarised = in einer Zusammenfassung berichtet
delivery-overtaken = von Neuerem überholt
event-opened = geöffnet
event-worsened = schlechter geworden
event-reminded = erinnert
event-escalated = eskaliert
event-acknowledged = bestätigt
event-recovered = erholt
event-corrected = berichtigt
event-removed = aus der Konfiguration entfernt

## Notizen

notes = Notizen
no-notes = Niemand hat etwas geschrieben.
write-note = Notiz schreiben
note-text = Was sollten andere wissen?
note-keep = Notiz behalten
note-by = { $name }, { $instant }, zu { $period }

## Daten

data-title = Fehlende oder zweifelhafte Zahlen
data-well = Alle Zahlen sind da.
data-failing = { $count ->
    [one] Eine Quelle liefert nicht
   *[other] { $count } Quellen liefern nicht
}
data-missing = { $count ->
    [one] Eine Kennzahl fehlt oder ist zweifelhaft
   *[other] { $count } Kennzahlen fehlen oder sind zweifelhaft
}
data-restated = { $count ->
    [one] Eine Zahl wurde berichtigt
   *[other] { $count } Zahlen wurden berichtigt
}
data-provisional = { $count ->
    [one] Eine Zahl ist vorläufig
   *[other] { $count } Zahlen sind vorläufig
}
restated-from = war { $first }, ist { $now }

## Reviews

review-title = { $name }: Review { $period }
review-as-sent = So versandt am { $instant }.
review-made-now = Jetzt erstellt aus dem, was bekannt ist; der Bericht dieser Periode wurde noch nicht versandt.
review-actions-before = Was aus den Maßnahmen früherer Reviews wurde
review-decisions = Beschlüsse
review-actions = Maßnahmen
review-successes = Was gut lief
review-decision = Beschluss
review-action = Maßnahme
review-success = Erfolg
review-of = Review { $period }
review-by = { $name }, { $instant }
review-taken-down = festgehalten von { $name } im Review { $period }
review-take-down = Etwas festhalten
review-about = Wozu
review-decision-text = Was ist beschlossen?
review-action-text = Was ist zu tun?
review-success-text = Was lief gut?
review-keep = Festhalten
review-no-node = „{ $path }“ gibt es in dieser Scorecard nicht mehr. Wählen Sie, worum es geht.
review-nobody = Hier heißt niemand „{ $written }“. Wählen Sie einen der Namen, oder schreiben Sie den ganzen Namen einer anderen Person.
minutes = Beschlüsse und Maßnahmen
action-who = Wer erledigt es?
action-due = Bis zu welchem Tag?
action-done = Erledigt
action-drop = Verwerfen
action-reopen = Wieder öffnen
action-done-on = erledigt am { $day }
action-dropped-on = verworfen am { $day }
act-past = Dieser Tag ist vorbei. Nennen Sie einen, der noch kommt.
act-empty = Da steht nichts. Schreiben Sie ein paar Worte.
act-too-wordy = Das sind mehr als { $count } Zeichen. Kürzen Sie es, und legen Sie den Rest dort ab, wo Dokumente liegen.
silence-too-long = Stumm geschaltet wird höchstens für { $days } Tage. Nennen Sie einen früheren Tag.

## Die Wand

wall-stale = Dieser Bildschirm hat seit einigen Minuten keine Antwort; was er zeigt, kann alt sein.

## Die Seite hinter dem Verweis einer Mail

acknowledge-as = Sie bestätigen diesen Alarm als { $name }: Sie haben ihn gesehen und kümmern sich. Erinnerungen enden.
acknowledge-alone = Beide Felder dürfen leer bleiben. Diese Seite gehört Ihnen allein: Geben Sie ihre Adresse nicht weiter.
comment-done = Was getan wird
link-forged = Dieser Verweis ist unvollständig oder ungültig. Öffnen Sie den Verweis der neuesten Mail, und zwar ganz.
link-expired = Dieser Verweis ist zu alt. Öffnen Sie den Verweis der neuesten Mail.
link-over = Dieser Alarm ist vorbei; die neueste Mail hat den Verweis eines offenen.
link-not-yours = Sie werden von diesem Alarm nicht mehr benachrichtigt, daher bewirkt dieser Verweis nichts.
link-ended = Dieser Alarm endete am { $instant }; es gibt nichts zu bestätigen.
link-nothing = Dieser Alarm ist vorbei; es gibt nichts zu bestätigen.
not-kept = Das konnte gerade nicht festgehalten werden. Bitte versuchen Sie es in einer Minute noch einmal.
no-day = „{ $written }“ ist kein Tag. Schreiben Sie einen wie 2026-06-30.
day-past = { $day } ist vorbei. Nennen Sie einen Tag, der noch kommt.
store-trouble = Was seit { $since } kam, kann nicht festgehalten werden und wird hier nicht gezeigt: { $reason }

## Was nicht erlaubt ist

unknown = Bitte sagen Sie, wer Sie sind
unknown-words = Hier wird ein Token gebraucht: Der Browser fragt danach als Passwort, mit beliebigem Namen. Wer kpid betreibt, erstellt eines mit `kpid token`. Falls Sie über eine Anmeldung kamen, hat diese nicht gesagt, wer Sie sind.
not-for-token-words = Ihr Token öffnet etwas anderes. Wer kpid betreibt, kann mit `kpid token` eines erstellen, das dies öffnet.
too-many-words = Das waren mehr als 30 Änderungen in einer Minute, und diese wurde nicht behalten. Bitte versuchen Sie es in einer Minute noch einmal.
not-allowed = Das dürfen Sie nicht
not-allowed-words = Sie dürfen das ansehen, aber nicht bearbeiten: Das ist denen vorbehalten, die dafür verantwortlich sind oder alarmiert werden, und der Betriebsführung.
elsewhere-words = Das hat eine fremde Seite verlangt, und nichts wurde getan. Öffnen Sie kpid selbst und versuchen Sie es dort noch einmal.
log-in-first = Bitte melden Sie sich an
log-in-first-words = Ihre Anmeldung ist abgelaufen, oder es gab keine. Falls Sie gerade etwas geschrieben haben: Melden Sie sich in einem anderen Tab an, gehen Sie dann hierher zurück und senden Sie es noch einmal. Es steht noch im Formular.
logged-out = Sie sind abgemeldet
logged-out-words = kpid kennt diesen Browser nicht mehr.
not-logged-in = Sie sind nicht angemeldet
not-now = Das geht gerade nicht
login-unavailable-words = Die Anmeldung bei { $host } funktioniert gerade nicht: Von dort kommt keine Antwort oder eine, mit der kpid nichts anfangen kann. Bitte versuchen Sie es gleich noch einmal. Bleibt es so, sagen Sie es bitte denen, die kpid betreiben; der Grund steht im Protokoll. Links in E-Mails und Token funktionieren weiter.
login-clock-words = Was { $host } unterschrieben hat, gilt zu dieser Zeit nicht: Die Uhr dort oder die des Rechners, auf dem kpid läuft, geht falsch. Bitte sagen Sie es denen, die kpid betreiben; im Protokoll steht, um wie viel. Links in E-Mails und Token funktionieren weiter.
login-stale-words = Diese Anmeldung hat länger als zehn Minuten gedauert, in einem anderen Browser begonnen oder wurde schon benutzt. Bitte melden Sie sich noch einmal an.
login-refused-words = { $host } hat Sie nicht angemeldet, oder Sie haben abgebrochen. Bitte versuchen Sie es noch einmal; bleibt es so, fragen Sie die, die diese Anmeldung betreiben.
not-admitted = Sie haben hier keinen Zugang
login-not-admitted-words = Laut Anmeldung sind Sie { $user }. Unter diesem Namen kennt kpid niemanden; wer es betreibt, kann Sie eintragen.
login-unverified-words = { $host } bürgt nicht für Ihre E-Mail-Adresse. Bestätigen Sie sie dort und melden Sie sich noch einmal an; oder bitten Sie die, die kpid betreiben, einen anderen `user_claim` zu wählen.
login-unnamed-words = { $host } hat nicht gesagt, wer Sie sind. Bitte sagen Sie es denen, die kpid betreiben: Im Protokoll steht, welche Angabe fehlt.
login-not-kept-words = kpid kann gerade nichts festhalten, deshalb kann sich niemand an- oder abmelden. Bitte versuchen Sie es gleich noch einmal; der Grund steht im Protokoll.
too-many-links-words = Von Ihrer Adresse kamen zu viele Antworten in einer Minute, und diese wurde nicht behalten. Bitte gehen Sie zurück und versuchen Sie es in einer Minute noch einmal.
login-too-many-words = Von Ihrer Adresse kamen zu viele Anmeldungen in einer Minute. Bitte versuchen Sie es in einer Minute noch einmal.
other-name = Dieser Name ist hier unbekannt
other-name-words = kpid ist unter einem anderen Namen erreichbar. Wer es betreibt, trägt den Namen, den Sie benutzt haben, als `web.public_url` ein.
busy = Gerade nicht
busy-words = kpid kann im Augenblick nicht antworten. Bitte versuchen Sie es gleich noch einmal.
not-this-way = So geht das nicht
not-this-way-words = Unter dieser Adresse gibt es etwas, aber es wird auf andere Weise angefragt.
too-long-words = Das war länger, als kpid auf einmal annimmt. Bitte kürzen Sie es.
not-understood-words = Was gesendet wurde, lässt sich nicht lesen. Bitte gehen Sie zurück und versuchen Sie es noch einmal.
wrong = Das konnte nicht festgehalten werden

## Mails zu Alarmen

mail-tag-worsened = Verschlechtert
mail-tag-reminder = Erinnerung
mail-tag-acknowledged = Bestätigt
mail-heading = voraussichtlich { $status }
mail-still = weiterhin { $status }
mail-and-worse = { $status } und noch schlechter
mail-recovered = erholt
mail-corrected = berichtigt
mail-verb-is = ist
mail-verb-no-data = hat
mail-verb-recovered = hat sich
mail-verb-corrected = wurde
mail-was = (zuvor { $score })
mail-for = ({ $period })
mail-score = Score { $score }
mail-no-score = kein Score
mail-score-was-in = { $now }, zuvor { $then } ({ $period })
mail-score-was = { $now }, zuvor { $then }
mail-score-none-in = { $now }; kein Score für { $period }
mail-score-first = { $now }, ohne frühere Periode zum Vergleich
mail-streak-first = { $nth } { $unit } { $status }.
mail-streak = { $nth } { $unit } in Folge { $status }, seit { $period }.
mail-ordinal = { $count }.
mail-days = { $count ->
    [one] einen Tag
   *[other] { $count } Tage
}
mail-hours = { $count ->
    [one] eine Stunde
   *[other] { $count } Stunden
}
mail-under-an-hour = weniger als eine Stunde
mail-lasted = Der Alarm war { $lasted } lang offen; ausgelöst wurde er am { $day }.
mail-lasted-period = Der Alarm war { $lasted } lang offen; ausgelöst wurde er am { $day } durch die Zahlen für { $period }.
mail-still-at-risk = Der Status bleibt „gefährdet“.
mail-cause-corrected = Gemeldete Zahlen wurden berichtigt; mit den neuen besteht kein Anlass für einen Alarm.
mail-cause-restated = Gemeldete Zahlen wurden berichtigt.
mail-cause-configuration = Die Zahlen sind dieselben: Geändert wurde die Konfiguration, nach der sie bewertet werden.
mail-cause-flapping = Der Status schwankt: mehr als dreimal in 30 Tagen außer Plan. Um Ihnen das Hin und Her zu ersparen, folgen dazu keine Mails mehr.
mail-cause-flapping-until = Der Status schwankt: mehr als dreimal in 30 Tagen außer Plan. Um Ihnen das Hin und Her zu ersparen, folgen dazu bis { $day } keine Mails.
mail-cause-score = Das liegt weit unter dem zuletzt gemeldeten Stand ({ $score }).
mail-cause-score-on = Das liegt weit unter dem zuletzt gemeldeten Stand ({ $score } am { $day }).
mail-cause-further = Seit der letzten Nachricht neu außer Plan ({ $count }): { $names }.
mail-cause-further-on = Seit der letzten Nachricht vom { $day } neu außer Plan ({ $count }): { $names }.
mail-cause-fell = Bei der letzten Meldung war der Status noch „gefährdet“.
mail-cause-fell-on = Bei der letzten Meldung am { $day } war der Status noch „gefährdet“.
mail-cause-unacknowledged = Den Alarm hat bisher niemand bestätigt.
mail-cause-unacknowledged-of = Den Alarm vom { $day } hat bisher niemand bestätigt.
mail-cause-period = Eine weitere Periode liegt vor, und den Alarm hat bisher niemand bestätigt.
mail-cause-period-of = Eine weitere Periode liegt vor, und den Alarm vom { $day } hat bisher niemand bestätigt.
mail-cause-silence = Alarme waren bis jetzt stummgeschaltet; der Status ist weiterhin „{ $status }“.
mail-cause-above = Bisher galt dafür der übergeordnete Alarm. Dieser ist beendet; hier ist der Status weiterhin „{ $status }“.
mail-cause-due = { $name } hat die Rückkehr in den Plan bis { $day } zugesagt; dieser Tag ist vorbei.
mail-cause-acknowledged = { $name } hat den Alarm bestätigt.
mail-cause-comment = { $name } hat den Alarm bestätigt: „{ $comment }“.
mail-basis-forecast = nach der Prognose
mail-basis-pace-day = beim bisherigen Tempo des Tages
mail-basis-pace-week = beim bisherigen Tempo der Woche
mail-basis-pace-month = beim bisherigen Tempo des Monats
mail-basis-pace-quarter = beim bisherigen Tempo des Quartals
mail-basis-pace-half = beim bisherigen Tempo des Halbjahres
mail-basis-pace-year = beim bisherigen Tempo des Jahres
mail-basis-pace-period = beim bisherigen Tempo der Periode
mail-would-be = { $basis } voraussichtlich { $status }.
mail-was-status = { $period } war { $status }.
mail-had-no-data = Für { $period } liegen keine Daten vor.
mail-status-at = { $status } mit { $score }
mail-a-day = je Tag
mail-a-working-day = je Arbeitstag
mail-beyond = das Soll von { $target } für { $period } ist bereits überschritten
mail-at-most-to-keep = höchstens { $rate } { $per }, um { $target } für { $period } einzuhalten
mail-to-reach = { $rate } { $per }, um { $target } für { $period } zu erreichen
mail-wanted-by-now = Soll bis heute { $value }
mail-at-most-by-now = Soll bis heute höchstens { $value }
mail-paced = { $name }: bisher { $value }, { $wanted }.
mail-paced-to = { $name }: bisher { $value }, { $wanted }; bei diesem Tempo ergeben sich für { $period } { $projection }, { $status }.
mail-by-mean = nach dem Mittel von { $count } Perioden
mail-by-drift = nach dem Trend von { $count } Perioden
mail-as-a-year-ago = wie vor einem Jahr
mail-forecast = { $name }: { $value } erwartet für { $period } ({ $low } bis { $high }, { $method }), { $status }.
mail-reason = Grund
mail-quoted = „{ $words }“
mail-an-objective = eines der Ziele
mail-reason-red-score = der gewichtete Score liegt unter 40
mail-reason-amber-score = der gewichtete Score liegt unter 70
mail-reason-guard = { $name } ist außer Plan, das Ganze kann daher nicht im Plan sein
mail-reason-critical = { $name } (kritisch) ist außer Plan
mail-reason-worst = { $name } ist am schlechtesten, und das Schlechteste entscheidet
mail-reason-best = { $name } ist am besten, und das Beste entscheidet
mail-reason-majority = es entscheidet der Status mit dem größten Gewicht
mail-reason-count = zu viele der Ziele sind außer Plan oder gefährdet
mail-reason-priority = { $name } entscheidet
mail-reason-manual = der Status wurde von Hand gesetzt
mail-have-no-data = { $count ->
    [one] { $names } hat keine Daten
   *[other] { $names } haben keine Daten
}
mail-are = { $count ->
    [one] { $names } ist { $status }
   *[other] { $names } sind { $status }
}
mail-together = zusammen { $parts }
mail-and = { $names } und { $last }
mail-more = { $count } weitere
mail-and-more = und { $count } weitere
mail-linked = { $name } ist { $status }
mail-linked-at = { $name } ist { $status } mit { $score }
mail-more-linked = { $count } weitere Ziele anderer Einheiten zählen hier ebenfalls.
mail-share-of-shortfall = { $share } % des Rückstands
mail-of-the-shortfall = des Rückstands
mail-share-none = 0 %
mail-no-shortfall = kein Anteil am Rückstand
mail-change = Veränderung
mail-points = Punkte
mail-points-on = { $points } Punkte gegenüber { $period }
mail-points-total = { $points } Punkte
mail-data-or-weights = Daten oder Gewichte
mail-others = Übrige
mail-done = erledigt
mail-not-done = nicht erledigt
mail-target = Soll { $value }
mail-target-done = Soll erledigt
mail-no-target = kein Soll
mail-green-from = grün ab { $value }
mail-green-up-to = grün bis { $value }
mail-green-at = grün bei { $value }
mail-red-above = (rot über { $value })
mail-red-below = (rot unter { $value })
mail-no-difference = keine Abweichung
mail-difference-unknown = Abweichung unbekannt
mail-need-fewer = { $name } { $line }, d. h. { $count } weniger von { $of }
mail-need-more-of = { $name } { $line }, d. h. { $count } mehr von { $of }
mail-need-less = { $name } { $line }, d. h. { $gap } weniger
mail-need-more = { $name } { $line }, d. h. { $gap } mehr
mail-periods-in-a-row = { $count } Perioden in Folge { $status }
mail-assurance-fail = das Soll wird verfehlt, solange sich am Prozess nichts ändert
mail-assurance-chance = so wie der Prozess ist, wird das Soll in manchen Perioden erreicht, in anderen verfehlt
mail-range = { $low } bis { $high }
mail-within-range = dieser Wert liegt in der üblichen Schwankung { $range }: kann Zufall sein
mail-signal-outside = dieser Wert liegt außerhalb der üblichen Schwankung: eine echte Veränderung, kein Zufall
mail-signal-outside-range = dieser Wert liegt außerhalb der üblichen Schwankung { $range }: eine echte Veränderung, kein Zufall
mail-signal-run = seit langem auf einer Seite des Mittelwerts: eine echte Veränderung, kein Zufall
mail-signal-drift = seit langem steigend oder fallend: eine echte Veränderung, kein Zufall
mail-signal-near = wieder nahe an einer Grenze der üblichen Schwankung: eine echte Veränderung, kein Zufall
mail-signal-near-range = wieder nahe an einer Grenze der üblichen Schwankung { $range }: eine echte Veränderung, kein Zufall
mail-trend-better = besser als in der Vorperiode
mail-trend-steady = etwa wie in der Vorperiode
mail-trend-worse = schlechter als in der Vorperiode
mail-spark = letzte { $count } Perioden, { $low } bis { $high }
mail-spark-base = Balken beginnen bei { $value }
mail-no-owner = niemand eingetragen
mail-note = Notiz
mail-acknowledged-by = Bestätigt von
mail-initiative = Initiative
mail-no-initiative = keine Initiative eingetragen
mail-to-be-green = Für Grün nötig
mail-affects = Wirkt auf
mail-scorecard = Scorecard { $name }
mail-standing = { $name } ({ $status }, { $score })
mail-details = Details
mail-acknowledge-alert = Diesen Alarm bestätigen
mail-acknowledge-words = Die Seite fragt, was getan wird und bis wann. Der Link gilt nur für Sie und bis { $day }; leiten Sie ihn nicht weiter.
mail-why = Sie erhalten diese Mail, weil der Alarm zu { $name } Sie nennt. Benachrichtigt: { $names }.
mail-why-escalated = Sie erhalten diese Mail, weil der Alarm zu { $name } Sie nennt. Benachrichtigt: { $names }; wenn es andauert: { $later }.
mail-nobody = niemand
mail-instant = { $day }, { $time } Uhr ({ $zone })
mail-footer = Episode { $episode }, entschieden am { $instant }, Konfiguration { $hash }

## Was eine Mail zu den Daten sagt

mail-data = Daten
mail-data-none = keine
mail-data-final = vollständig, endgültig
mail-data-provisional = vollständig, noch vorläufig
mail-data-complete = vollständig
mail-more-like-these = und { $count } weitere dieser Art
remark-provisional = vorläufig: noch nicht alle Kennzahlen der Periode sind gemeldet
remark-heading = vorläufig: { $basis } wäre der Status { $status }
remark-basis-pace = beim Tempo der laufenden Periode
remark-basis-forecast = nach der Prognose für die nächste Periode
remark-coverage = { $percent } % des Gewichts haben Daten
remark-missing = für { $periods } fehlt ein Wert der laufenden Summe
remark-last-known = zuletzt bekannt: { $value } für { $period }
remark-failed = die letzte Abfrage ist fehlgeschlagen; es gilt der letzte Wert
remark-first-reported = { $name } wurde zunächst mit { $value } gemeldet, { $status }
remark-as-of = { $name } hat den Stand { $period }
remark-never-collected = es wurde noch nichts erhoben
remark-overdue = der Istwert ist überfällig
remark-stale = der neueste Messwert ist zu alt
remark-sample = die Stichprobe ist zu klein für ein Urteil
remark-no-target = für die Periode ist kein Soll gesetzt
remark-zero-target = das Soll ist 0, und die Toleranz ist ein Prozentsatz davon
remark-missing-input = einer der Eingangswerte fehlt
remark-undefined = kein Wert: eine Division durch null
remark-not-combinable = Prozentwerte lassen sich nicht addieren; sie brauchen Zähler und Nenner
remark-not-due = es ist noch nichts fällig
remark-too-early = für ein Urteil ist es in der Periode noch zu früh
remark-not-applicable = entfällt in dieser Periode
remark-not-begun = beginnt mit einer späteren Periode
remark-ended = endete mit einer früheren Periode
remark-quarantined = ein unglaubwürdiger Wert wartet auf eine Prüfung
remark-carried-forward = überfällig, bewertet nach einem früheren Istwert

## Mails zu Übersichten und Berichten

overview-not-in-map = { $count } weitere zeigt die Karte nicht.
overview-rest-by-link = der Link unten führt zum Rest
overview-rest-by-command = { $command } zeigt den Rest
overview-shortened = Gekürzt: { $place }.
overview-footer = Erstellt am { $instant }, Konfiguration { $hash }

## Übersichten

digest-subject = { $count ->
    [one] [Übersicht] 1 Änderung seit { $day }
   *[other] [Übersicht] { $count } Änderungen seit { $day }
}
digest-subject-red = { $count ->
    [one] [Übersicht] 1 Änderung seit { $day }, { $red } außer Plan
   *[other] [Übersicht] { $count } Änderungen seit { $day }, { $red } außer Plan
}
digest-subject-empty = [Übersicht] Keine Änderungen seit { $day }
digest-summary = { $count ->
    [one] 1 Änderung in Ihren Bereichen seit { $day }.
   *[other] { $count } Änderungen in Ihren Bereichen seit { $day }.
}
digest-summary-empty = In Ihren Bereichen hat sich seit { $day } nichts geändert: { $tally }.
digest-tally = Kennzahlen { $counted }
digest-title = Übersicht für { $name }
digest-why = Sie erhalten diese Mail, weil Sie für das Genannte verantwortlich sind oder ein Alarm dazu Sie nennt. `digest: false` bei `people: { "{" } { $id }: … { "}" }` stellt sie ab.
digest-section-changed = Geändert
digest-section-alerts = Alarme
digest-section-actions = Maßnahmen aus Reviews
digest-section-off-track = Weiterhin außer Plan
digest-section-at-risk = Weiterhin gefährdet
digest-section-idle = Außer Plan, und keine Initiative ist eingetragen
digest-section-contributing = In anderen Einheiten außer Plan, zählt hier mit
digest-section-data = Fehlende Zahlen
digest-section-retuned = Geänderte Soll-Werte, Grenzen und Gewichte
digest-section-silences = Stummgeschaltet
digest-open-since = offen seit { $day }
digest-unacknowledged = noch von niemandem bestätigt
digest-acknowledged = bestätigt von { $name }
digest-over = vorerst vorbei
digest-flapping = Der Status schwankt; bis { $day } steht das nur in der Übersicht.
digest-counts-towards = zählt zu „{ $name }“
digest-missing = { $count } von { $of }: { $named }
digest-silenced = bis { $day }, { $time } Uhr, von { $name }: { $reason }
digest-no-value-of = kein Wert für { $period }
digest-green-line = Grenze zu Grün { $value }
digest-target = Soll
digest-line-green = Grenze zu Grün
digest-line-red = Grenze zu Rot
digest-weight = Gewicht

## Berichte

report-subject = [Bericht] { $name } - { $period }{ $verdict }
report-summary = { $name } im Zeitraum { $period }: { $counted } der Kennzahlen.
report-summary-overall = { $name } war im Zeitraum { $period } { $status }. Kennzahlen: { $counted }.
report-provisional = { $count ->
    [one] Das ist vorläufig: 1 Kennzahl ist noch nicht gemeldet.
   *[other] Das ist vorläufig: { $count } Kennzahlen sind noch nicht gemeldet.
}
report-why = Sie erhalten diese Mail, weil `report` der Scorecard { $name } Sie nennt. Es gibt einen Bericht je Periode, sobald alle Zahlen da oder überfällig sind.
report-section-changed = Geändert seit { $period }
report-section-discuss = Zu besprechen
report-section-reds = Außer Plan
report-section-decisions = Beschlossen, geschrieben und bestätigt seit { $day }
report-section-success = Ein Erfolg zum Schluss
report-kpi-is = { $name } ist { $status }: { $measured }
report-cause = Ursache: { $cause }
report-no-note = keine Notiz geschrieben
report-initiative = Initiative: { $initiative }
report-no-initiative = keine eingetragen
report-owner = Verantwortlich: { $name }
report-nobody = niemand eingetragen
report-red-beyond = rot jenseits von { $value }
report-decided = beschlossen: „{ $words }“ ({ $name }, { $day })
report-acknowledged = bestätigt von { $name }, { $day }

## Hinweise

notice-why-operators = Sie erhalten diese Nachricht, weil Sie zu `operators` gehören.
notice-why-alert = Sie erhalten diese Nachricht, weil Sie von dem Alarm benachrichtigt wurden.
notice-tag-undelivered = [Nicht zugestellt]
notice-tag-settled = [Geklärt]
notice-reason = Grund: { $reason }
notice-channel-subject = [Konfiguration] Nachrichten warten auf `{ $channel }`, das nicht konfiguriert ist
notice-channel-summary = { $count ->
    [one] 1 Nachricht wartet auf den Kanal `{ $channel }`, der nicht konfiguriert ist.
   *[other] { $count } Nachrichten warten auf den Kanal `{ $channel }`, der nicht konfiguriert ist.
}
notice-channel-fix = Abhilfe: `{ $channel }` wieder unter `channels` eintragen, dann werden sie versandt.
notice-channel-commands = `kpid outbox list` zeigt sie, und `kpid outbox drop` verwirft sie.
notice-ended-subject = [Beendet] { $name }: nicht mehr konfiguriert
notice-ended-summary = Der Alarm zu { $name } ist vorbei: { $name } ist nicht mehr konfiguriert.
notice-ended-summary-of = Der Alarm zu { $name } vom { $day } ist vorbei: { $name } ist nicht mehr konfiguriert.
notice-ended-unseen = kpid sieht nicht mehr danach und sagt daher nichts über den Stand.
notice-ended-was = Es war { $scope }. Falls das jetzt eine andere ID hat, führt `was:` dort die Alarme fort.
notice-settled-retried = Die aufgegebene Nachricht wird wieder aufgenommen.
notice-settled-dropped = Die aufgegebene Nachricht ist verworfen.
notice-unheard-subject = [Nicht zugestellt] Hinweise über `{ $channel }`
notice-unheard-summary = Über `{ $channel }` lässt sich die Betriebsführung nicht erreichen.
notice-message = Die Nachricht „{ $title }“
notice-message-of-alert = Die Nachricht „{ $event }“ des Alarms zu { $name }
notice-message-for = Eine Nachricht für { $recipient }
notice-for = für { $recipient }
notice-was-for = Sie war für { $recipient } über `{ $channel }` bestimmt.
notice-given-up = { $what } ließ sich nicht zustellen und ist aufgegeben.
notice-given-up-fix = Ist das behoben, versendet sie `kpid outbox retry { $id }`; `kpid outbox list` zeigt, was sonst noch nicht zugestellt ist.
notice-unreached = Die Nachricht „{ $event }“ des Alarms zu { $name } erreicht nicht alle, für die sie bestimmt ist.
notice-unwritten-subject = [Konfiguration] `{ $channel }` funktioniert nicht wie eingetragen
notice-store-ended-subject = [Speicher] kpid ist beendet: Der Speicher ist eine andere Datei
notice-store-ended-summary = kpid ist beendet, damit nichts aus einem Speicher berichtet wird, den es nicht mehr gibt.
notice-store-subject = [Speicher] kpid kann nicht festhalten, was es erhebt
notice-store-summary = Seit { $since } kann kpid nicht in seinen Speicher schreiben: Was kommt, wird weder festgehalten noch bewertet, und niemand wird darüber alarmiert.
notice-store-way-out = kpid versucht es von selbst wieder und macht weiter, sobald es geht. `kpid doctor` sagt mehr.
notice-pages-subject = [Speicher] Der Speicher von kpid ist beschädigt
notice-pages-summary = Am { $since } hat kpid bemerkt, dass Seiten seines Speichers beschädigt sind.
notice-pages-way-out = kpid macht weiter, solange es geht. `kpid doctor` sieht noch einmal nach.
notice-store-over-subject = [Speicher wieder da] kpid hält wieder fest, was es erhebt
notice-store-over-summary = Die Störung des Speichers, die am { $since } begann, war am { $now } vorbei. Was dazwischen schlechter und wieder besser wurde, ist nicht bekannt.
summary-subject = { $count ->
    [one] [Zusammenfassung] 1 weiterer Alarm
   *[other] [Zusammenfassung] { $count } weitere Alarme
}
summary-words = { $count ->
    [one] Das geschah neben den Alarmen, zu denen Sie eine Mail erhalten haben.
   *[other] Diese kamen zu den Alarmen hinzu, zu denen Sie eine Mail erhalten haben.
}
summary-section = Was sonst geschah
summary-why = Sie erhalten diese Nachricht, weil diese Alarme Sie nennen und Sie an dem Tag schon so viele Mails hatten, wie `alerts.mails_per_day` erlaubt.
summary-unreadable = eine Nachricht, die sich nicht lesen lässt; `kpid outbox list --all` führt sie als { $id }
summary-alert = Alarm { $event }

## Hinweise auf Störungen der Daten

trouble-why = Sie erhalten diese Nachricht, weil Sie sich um die Daten kümmern: als `steward` der Kennzahl oder unter `operators`.
trouble-many-subject = [Daten] { $count } Störungen
trouble-many = { $count } Störungen der Daten haben begonnen.
trouble-many-over-subject = [Daten] { $count } Störungen sind vorbei
trouble-many-over = { $count } Störungen der Daten sind vorbei.
trouble-connection = Verbindung `{ $id }`
trouble-over-subject = [Daten] Wieder in Ordnung: { $what }
trouble-over = Die Störung, die am { $since } begann, ist vorbei: { $what }.
trouble-unfollowed-subject = [Daten] { $what }: { $why }
trouble-unfollowed = Die Störung, die am { $since } begann, wird nicht weiter verfolgt: { $what } { $why }.
trouble-not-configured = ist nicht mehr konfiguriert
trouble-feeds-nothing = liefert für keine Kennzahl mehr, um die Sie sich kümmern
trouble-does-not-count = zählt nicht mehr
trouble-source-subject = [Daten] `{ $id }` liefert keine Zahlen
trouble-source-fails = Die Verbindung `{ $id }` liefert { $which } keine Zahl.
trouble-source-one = für ihre einzige Kennzahl
trouble-source-any = für alle { $count } Kennzahlen, die sie versorgt,
trouble-source-some = für { $count } der { $of } Kennzahlen, die sie versorgt,
trouble-overdue-subject = [Daten] { $name } ist überfällig
trouble-overdue = { $name } ist überfällig.
trouble-overdue-of = { $name } ist für { $period } überfällig.
trouble-stale-subject = [Daten] { $name } ist veraltet
trouble-stale = { $name } hat keinen neuen Messwert, und der letzte ist zu alt.
trouble-quarantined-subject = [Daten] { $name } ist unglaubwürdig
trouble-quarantined = { $name } kam mit einem Wert außerhalb von `sanity`; er wird nicht verwendet.
trouble-quarantined-of = { $name } kam für { $period } mit einem Wert außerhalb von `sanity`; er wird nicht verwendet.
trouble-quarantined-fix = Soll er gelten, weiten Sie `sanity`, oder berichtigen Sie die Quelle.
trouble-incomplete-subject = [Daten] { $name } hat keine laufende Summe
trouble-incomplete = { $name } fehlt für { $periods } ein Wert der laufenden Summe.
trouble-incomplete-fix = Zu tun: die Zahlen importieren, oder `not_applicable: [{ $keys }]` eintragen.
trouble-incomplete-fix-from = Zu tun: die Zahlen importieren, `from: { $from }` eintragen, falls es erst dann begann, oder `not_applicable: [{ $keys }]`.
trouble-last-known = Der letzte bekannte Wert ist { $value } für { $period }.
trouble-restated-subject = [Daten] { $name } wurde berichtigt
trouble-restated-after = { $name } wurde für { $period } geändert, nachdem es berichtet worden war.
trouble-restated-line = Berichtet wurde { $first }, { $was }; jetzt ist es { $now }, { $status }.

## Chats

chat-more-lines = { $count ->
    [one] … und 1 weitere Zeile
   *[other] … und { $count } weitere Zeilen
}
chat-too-large = die Daten haben { $bytes } Bytes, mehr als PagerDuty annimmt
chat-all-by-link = alles steht unter „Details“
chat-all-by-command = `kpid show` zeigt alles

## Kalender

calendar-name = { $scorecard }: Fälligkeiten
calendar-figures = Zahlen fällig für { $period } ({ $count })
calendar-report = Bericht für { $period }, spätestens
calendar-digest = Übersicht
calendar-initiative = Initiative fällig: { $name }
