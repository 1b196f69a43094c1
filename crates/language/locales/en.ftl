### English. Complete: it stands in for what another language does not say.

language-name = English

## Numbers and dates

number-decimal-mark = .
number-group-mark = ,
date = { $day } { $month } { $year }
plain-group-mark = { "" }
date-of-year = { $day } { $month }
period-week-of-year = week { $week }
period-quarter-of-year = Q{ $number }
period-half-of-year = H{ $number }
date-short = { $day } { $month }
instant = { $date }, { $time }
period-week = week { $week }, { $year }
period-week-short = W{ $week } { $year }
period-month = { $month } { $year }
period-month-short = { $month } { $year }
period-quarter = Q{ $number } FY{ $year }
period-half = H{ $number } FY{ $year }
period-year = FY{ $year }
frequency-day = day
frequency-week = week
frequency-month = month
frequency-quarter = quarter
frequency-half = half-year
frequency-year = year
month = { $number ->
     [1] January
     [2] February
     [3] March
     [4] April
     [5] May
     [6] June
     [7] July
     [8] August
     [9] September
     [10] October
     [11] November
    *[12] December
}
weekday = { $number ->
     [1] Monday
     [2] Tuesday
     [3] Wednesday
     [4] Thursday
     [5] Friday
     [6] Saturday
    *[7] Sunday
}
date-weekday = { $weekday } { $day }
month-short = { $number ->
     [1] Jan
     [2] Feb
     [3] Mar
     [4] Apr
     [5] May
     [6] Jun
     [7] Jul
     [8] Aug
     [9] Sep
     [10] Oct
     [11] Nov
    *[12] Dec
}

## Statuses

status-on-track = on track
status-at-risk = at risk
status-off-track = off track
status-no-data = no data
status-pending = pending
status-not-scored = not scored
coverage = { $part } of the weight has data
was-status = was { $status }
since = since { $period }
provisional = provisional
critical = critical
overdue = overdue
due = due { $day }

## What every page has

skip-to-content = Skip to the content
nav-main = Pages
nav-trail = Where you are
nav-home = Home
nav-mine = Mine
nav-alerts = Alerts
nav-data = Data
search = Search scorecards and KPIs
search-go = Search
log-in = Log in
log-in-as-other = Log in as somebody else
log-out-there = Go on to the login provider, to log out there, too
log-out = Log out
as-of = As of { $instant } ({ $zone })
at-period = You are looking at the end of { $period }, with its figures as they are known now.
at-instant = You are looking at what was known on { $instant }.
to-present = Back to the present
configuration = configuration { $hash }
choose-at = As of
choose-compare = Compare with
choose-go = Show
to-home = To the first page
owner = Owner
steward = Steward

## Lists

sort = Sort
sort-author = as written
sort-worst = worst first
sort-name = by name
filter = Show
filter-all = all
searched-for = Found for “{ $words }”.
filter-none = Show all
pages = Pages of this list
page-before = Previous
page-after = Next
page-of = Page { $page } of { $pages }, { $found } in all
nothing-found = Nothing is found.
and-more = … and { $count } more

## Pages that cannot be shown

not-found = Not found
not-found-words = There is no such page, or you may not see it. It may have been renamed or removed since the link was made.
no-moment = That is no period
no-moment-words = “{ $written }” is no period and no instant. Write a month such as 2026-05, a quarter such as FY2027-Q1, a day such as 2026-05-31, or an instant such as 2026-05-31T18:00:00+02:00.
not-yet = Not ready yet
not-yet-words = kpid has just begun and has not judged anything yet. Look again in a moment.
unreadable = This page cannot be made now
unreadable-words = Something went wrong. The log of kpid says what; please tell whoever runs it.

## Home

home-title = How we stand
home-scorecards = { $count ->
    [one] One scorecard
   *[other] { $count } scorecards
}
line-of-sight = Who contributes to whom
home-wanting = What wants a person
home-more-alerts = … and { $count } more open alerts
home-no-data = { $count ->
    [one] One KPI has no data
   *[other] { $count } KPIs have no data
}
open-since = Open since { $instant }

## Mine

mine-title = What is { $name }’s
mine-owned = What you own
mine-nothing = Nothing names you as its owner.
initiatives = Initiatives

## Scorecards

perspectives = Perspectives
no-perspectives = This scorecard has no perspectives yet.
more-objectives = … and { $count } more objectives
map = Strategy map
map-title = What drives what in { $name }
map-as-list = The same as a list
heat-map = The last twelve periods
to-review = Review of { $period }

## Perspectives and KPIs

kpis = KPIs
kpi = KPI
status = Status
value = Value
target = Target
gap = Gap
against-target = Against target
last-periods = Last periods
variation = Signals
share = Share
value-of-target = { $value } of { $target }
of-target = of { $target }
no-value = no value
sparkline-title = { $name } from { $from } to { $to }
percentage-points = points
source-fails = The source fails
contributions-of-units = Contributions of other units
share-of-shortfall = { $share } of the shortfall
what-changed = What changed the score
waterfall-title = From { $before } to { $now }, part by part
smaller-parts = smaller parts
other-causes = weights and rules
nothing-changed = Nothing changed the score.
as-table = The same as a table
variation-common = usual variation
variation-improving = improving
variation-concerning = concerning
assurance-pass = usually meets its target
assurance-fail = usually misses its target
assurance-hit-and-miss = meets its target by chance
sentence-common = The newest value is within the usual variation of this process.
sentence-improving = The newest value says that the process has improved.
sentence-concerning = The newest value says that the process has become worse.
sentence-pass = As the process is, it will normally meet the target.
sentence-fail = As the process is, it will not meet the target unless something changes.
sentence-hit-and-miss = As the process is, it meets the target in some periods and misses it in others by chance alone.
two-sentences = { $first } { $second }
last-known = The last known value is { $value } of { $period }.
pace-title = So far in { $period }
pace-so-far = { $value } came until { $instant }; { $target } should have come by then.
pace-projection = At this pace the whole period comes to { $value }.
pace-required = Each remaining day must bring { $value }.
green-needs-more = To be on track it takes at least { $line }: { $gap } more.
green-needs-less = To be on track it takes at most { $line }: { $gap } less.
over-time = Over time
chart-title = { $name } over time
chart-no-limits = There are too few values for natural limits.
chart-legend = Dots are values, dashed lines the natural limits around the mean, the black step the target; the paler line is a year before. A hollow dot is provisional or was restated, a ringed one is a signal.
chart-forecast = For { $period } between { $low } and { $high } is expected.
nothing-collected = Nothing has been collected yet.
mark-signal = a signal
mark-provisional = provisional
mark-restated = restated
figures = Figures
earlier-periods = { $count } earlier periods
period = Period
green-line = On track from
red-line = Off track from
collected = Collected
was-value = was { $value }
definition = Definition
description = Description
nature = Nature
nature-flow = a flow: its parts add up
nature-level = a level: the newest value counts
nature-ratio = a ratio
nature-event = an event: it happens or not
direction-higher = more is better
direction-lower = less is better
frequency = Period
source = Source
source-asks = { $connection } is asked:
source-pushes = { $connection } sends them by itself
observed = Observed
formula = Formula
shared-from = { $count ->
    [one] The same KPI of one unit
   *[other] The same KPI of { $count } units
}
last-runs = Last runs
last-runs-words = The newest, and those before it that went otherwise than the one before them.
run-well = collected

## Why there is no verdict

gap-never-collected = Nothing has been collected yet.
gap-overdue = Its figure is overdue.
gap-stale = Its newest reading is too old.
gap-sample = The sample is too small to judge.
gap-no-target = No target is set for the period.
gap-zero-target = Its target is 0, and its tolerance is a percentage of that.
gap-missing-input = One of its inputs is missing.
gap-undefined = It has no value: a division by zero.
gap-not-combinable = Percentages do not add up; they need numerator and denominator.
gap-not-due = Nothing is due yet.
gap-too-early = It is too early in the period to judge.
gap-not-applicable = It does not apply in this period.
gap-not-begun = It begins with a later period.
gap-ended = It ended with an earlier period.
gap-quarantined = An implausible value waits for a person.
gap-carried-forward = Overdue; judged on an earlier figure.

## Alerts

alert-title = { $name }, alert { $number }
alert-open = An alert is open
nobody-answers = Nobody has acknowledged it.
ended-at = Ended on { $instant }.
acknowledged-by = Acknowledged by { $name } on { $instant }.
to-alert = To the alert
to-node = To its page
acknowledge = Acknowledge
acknowledge-words = You answer for it from then on; reminders stop, escalation too.
comment = Comment
well-by = Well again by
silence = Silence
silence-words = Nobody is told of it until then, for at most 30 days.
silence-until = Until the end of
silence-reason = Why
what-happened = What happened
nothing-happened = Nothing is recorded.
who-was-told = Who was told
nobody-was-told = Nobody was told.
when = When
to-whom = To whom
channel = Channel
delivery-state = Delivery
delivery-pending = on its way
delivery-held = waits for working hours
delivery-batched = waits for the summary
delivery-delivered = delivered
delivery-given-up = given up
delivery-dropped = dropped by a person
delivery-summarised = told in a summary
delivery-overtaken = overtaken by later news
event-opened = opened
event-worsened = became worse
event-reminded = reminded
event-escalated = escalated
event-acknowledged = acknowledged
event-recovered = recovered
event-corrected = corrected
event-removed = removed from the configuration

## Notes

notes = Notes
no-notes = Nobody has written anything.
write-note = Write a note
note-text = What should the next reader know?
note-keep = Keep the note
note-by = { $name }, { $instant }, about { $period }

## Data

data-title = Figures that are missing or doubtful
data-well = All figures are in.
data-failing = { $count ->
    [one] One source fails
   *[other] { $count } sources fail
}
data-missing = { $count ->
    [one] One KPI is missing or doubtful
   *[other] { $count } KPIs are missing or doubtful
}
data-restated = { $count ->
    [one] One figure was restated
   *[other] { $count } figures were restated
}
data-provisional = { $count ->
    [one] One figure is provisional
   *[other] { $count } figures are provisional
}
restated-from = was { $first }, is { $now }

## Reviews

review-title = { $name }: review of { $period }
review-as-sent = As it was sent on { $instant }.
review-made-now = Made now, from what is known; the report of this period has not been sent.
review-actions-before = What became of the actions of earlier reviews
review-decisions = Decisions
review-actions = Actions
review-successes = What went well
review-decision = Decision
review-action = Action
review-success = Success
review-of = review of { $period }
review-by = { $name }, { $instant }
review-taken-down = taken down by { $name } in the review of { $period }
review-take-down = Take something down
review-about = About
review-decision-text = What is decided?
review-action-text = What is to be done?
review-success-text = What went well?
review-keep = Take it down
review-no-node = There is no “{ $path }” in this scorecard any more. Choose what it is about.
review-nobody = Nobody here goes by “{ $written }”. Choose one of the names, or write somebody else's whole name.
minutes = Decisions and actions
action-who = Who does it?
action-due = By which day?
action-done = It is done
action-drop = Drop it
action-reopen = Open it again
action-done-on = done on { $day }
action-dropped-on = dropped on { $day }
act-past = This day is past. Name a day to come.
act-empty = There are no words. Write a few.
act-too-wordy = That is more than { $count } characters. Shorten it, and keep the rest where documents are.
silence-too-long = A silence lasts at most { $days } days. Name an earlier day.

## The wall

wall-stale = This screen has had no answer for some minutes; what it shows may be old.

## The page behind the link of a mail

acknowledge-as = You acknowledge this alert as { $name }: you have seen it and are dealing with it. Reminders stop.
acknowledge-alone = Both fields may stay empty. This page is yours alone: do not pass its address on.
comment-done = What is being done
link-forged = This link is incomplete or not valid. Open the link of the newest mail, all of it.
link-expired = This link is too old. Open the link of the newest mail.
link-over = This alert is over; the newest mail has the link of one that is open.
link-not-yours = You are no longer notified of this alert, so this link does nothing.
link-ended = This alert ended on { $instant }; there is nothing to acknowledge.
link-nothing = This alert is over; there is nothing to acknowledge.
not-kept = This could not be kept just now. Please try again in a minute.
no-day = “{ $written }” is no day. Write one such as 2026-06-30.
day-past = { $day } is past. Name a day to come.
store-trouble = What came since { $since } cannot be kept, and is not shown here: { $reason }

## What people may not do

unknown = Please say who you are
unknown-words = A token is needed here: your browser asks for it as the password, with any name. Whoever runs kpid makes one with `kpid token`. If you came through a login, it did not say who you are.
not-for-token-words = Your token opens something else. Whoever runs kpid can make one that opens this, with `kpid token`.
too-many-words = That was more than 30 changes in a minute, and this one was not kept. Please try again in a minute.
not-allowed = You may not do this
not-allowed-words = You may look at this, and not act on it: that is for its owners, for those its alerts go to, and for operators.
elsewhere-words = This was asked by a page of somebody else’s, and nothing was done. Open kpid itself, and try again there.
log-in-first = Please log in
log-in-first-words = Your login is over, or there was none. If you were writing something, log in in another tab, then go back here and send it again: it is still in the form.
logged-out = You are logged out
logged-out-words = kpid does not know this browser any more.
not-logged-in = You are not logged in
not-now = This cannot be done now
login-unavailable-words = The login at { $host } does not work now: it gives no answer, or one that kpid cannot use. Please try again in a moment. If it stays so, tell whoever runs kpid; its log says why. Links in mails and tokens go on working.
login-clock-words = What { $host } signed is not valid at this time: the clock of that machine, or of the one that kpid runs on, is wrong. Please tell whoever runs kpid; its log says by how much. Links in mails and tokens go on working.
login-stale-words = This login took longer than ten minutes, began in another browser, or is used already. Please log in again.
login-refused-words = { $host } did not let you in, or you broke off. Please log in again; if it stays so, ask whoever runs that login.
not-admitted = You have no access here
login-not-admitted-words = Your login says that you are { $user }. kpid knows nobody of that name; whoever runs it can add you.
login-unverified-words = { $host } does not vouch for your e-mail address. Confirm it there, then log in again; or ask whoever runs kpid to choose another `user_claim`.
login-unnamed-words = { $host } did not say who you are. Please tell whoever runs kpid: its log names the claim that is missing.
login-not-kept-words = kpid cannot keep anything now, so nobody can log in or out. Please try again in a moment; its log says why.
too-many-links-words = Too many answers came from your address within a minute, and this one was not kept. Please go back and try again in a minute.
login-too-many-words = Too many logins came from your address within a minute. Please try again in a minute.
other-name = This name is not known here
other-name-words = kpid is reached by another name. Whoever runs it sets `web.public_url` to the name that you used.
busy = Not now
busy-words = kpid cannot answer at this moment. Please try again in a moment.
not-this-way = This cannot be done so
not-this-way-words = There is something at this address, and it is asked for in another way.
too-long-words = That was longer than kpid takes at once. Please shorten it.
not-understood-words = What was sent cannot be read. Please go back and try again.
wrong = This could not be kept

## Mails of alerts

mail-tag-worsened = Worse
mail-tag-reminder = Reminder
mail-tag-acknowledged = Acknowledged
mail-heading = heading { $status }
mail-still = still { $status }
mail-and-worse = { $status } and worse
mail-recovered = recovered
mail-corrected = corrected
mail-verb-is = is
mail-verb-no-data = is
mail-verb-recovered = has
mail-verb-corrected = has been
mail-was = (was { $score })
mail-for = for { $period }
mail-score = score { $score }
mail-no-score = no score
mail-score-was-in = { $now }, was { $then } in { $period }
mail-score-was = { $now }, was { $then }
mail-score-none-in = { $now }; no score in { $period }
mail-score-first = { $now }, with no earlier period to compare with
mail-streak-first = { $nth } { $unit } { $status }.
mail-streak = { $nth } { $unit } { $status } in a row, since { $period }.
mail-ordinal = { $count ->
    [1] First
    [2] Second
    [3] Third
    [4] Fourth
    [5] Fifth
    [6] Sixth
   *[other] { NUMBER($count, type: "ordinal") ->
        [one] { $count }st
        [two] { $count }nd
        [few] { $count }rd
       *[other] { $count }th
    }
}
mail-days = { $count ->
    [one] a day
   *[other] { $count } days
}
mail-hours = { $count ->
    [one] an hour
   *[other] { $count } hours
}
mail-under-an-hour = less than an hour
mail-lasted = The alert was open for { $lasted }: it was raised on { $day }.
mail-lasted-period = The alert was open for { $lasted }: it was raised on { $day } on the figures of { $period }.
mail-still-at-risk = It is still at risk.
mail-cause-corrected = Reported figures were restated, and with the new ones there is nothing to alert about.
mail-cause-restated = Reported figures were restated.
mail-cause-configuration = The figures are the same: the configuration that judges them was changed.
mail-cause-flapping = It is flapping: it fell off track more than three times in 30 days. To spare you the back and forth, there will be no mails about it.
mail-cause-flapping-until = It is flapping: it fell off track more than three times in 30 days. To spare you the back and forth, there will be no mails about it until { $day }.
mail-cause-score = That is far below the { $score } last reported.
mail-cause-score-on = That is far below the { $score } last reported on { $day }.
mail-cause-further = { $count ->
    [one] { $names } has fallen off track since the last message.
   *[other] { $names } have fallen off track since the last message.
}
mail-cause-further-on = { $count ->
    [one] { $names } has fallen off track since the last message on { $day }.
   *[other] { $names } have fallen off track since the last message on { $day }.
}
mail-cause-fell = It was only at risk when last reported.
mail-cause-fell-on = It was only at risk when last reported on { $day }.
mail-cause-unacknowledged = Nobody has acknowledged the alert.
mail-cause-unacknowledged-of = Nobody has acknowledged the alert of { $day }.
mail-cause-period = Another period is in, and nobody has acknowledged the alert.
mail-cause-period-of = Another period is in, and nobody has acknowledged the alert of { $day }.
mail-cause-silence = Alerts were silenced until now; it is still { $status }.
mail-cause-above = Until now the alert above covered it. That one has ended; this is still { $status }.
mail-cause-due = { $name } expected it back on track by { $day }; that day has passed.
mail-cause-acknowledged = { $name } has acknowledged the alert.
mail-cause-comment = { $name } has acknowledged the alert: "{ $comment }".
mail-basis-forecast = by the forecast
mail-basis-pace-day = at the pace of the day so far
mail-basis-pace-week = at the pace of the week so far
mail-basis-pace-month = at the pace of the month so far
mail-basis-pace-quarter = at the pace of the quarter so far
mail-basis-pace-half = at the pace of the half-year so far
mail-basis-pace-year = at the pace of the year so far
mail-basis-pace-period = at the pace of the period so far
mail-would-be = { $basis } it would be { $status }.
mail-was-status = { $period } was { $status }.
mail-had-no-data = { $period } has no data.
mail-status-at = { $status } at { $score }
mail-a-day = a day
mail-a-working-day = a working day
mail-beyond = already beyond { $target }, the target of { $period }
mail-at-most-to-keep = at most { $rate } { $per } to keep to { $target } in { $period }
mail-to-reach = { $rate } { $per } to reach { $target } in { $period }
mail-wanted-by-now = { $value } wanted by now
mail-at-most-by-now = { $value } at most wanted by now
mail-paced = { $name }: { $value } so far, { $wanted }.
mail-paced-to = { $name }: { $value } so far, { $wanted }; at this pace { $period } comes to { $projection }, { $status }.
mail-by-mean = by the mean of { $count } periods
mail-by-drift = by the drift of { $count } periods
mail-as-a-year-ago = as a year ago
mail-forecast = { $name }: { $value } expected in { $period } ({ $low } to { $high }, { $method }), { $status }.
mail-reason = Reason
mail-quoted = "{ $words }"
mail-an-objective = one of its objectives
mail-reason-red-score = the weighted score is below 40
mail-reason-amber-score = the weighted score is below 70
mail-reason-guard = { $name } is off track, so the whole cannot be on track
mail-reason-critical = { $name } (critical) is off track
mail-reason-worst = { $name } is the worst, and the worst decides
mail-reason-best = { $name } is the best, and the best decides
mail-reason-majority = the status with the most weight decides
mail-reason-count = too many of its objectives are off track or at risk
mail-reason-priority = { $name } decides
mail-reason-manual = a person set it
mail-have-no-data = { $count ->
    [one] { $names } has no data
   *[other] { $names } have no data
}
mail-are = { $count ->
    [one] { $names } is { $status }
   *[other] { $names } are { $status }
}
mail-together = together { $parts }
mail-and = { $names } and { $last }
mail-more = { $count } more
mail-and-more = and { $count } more
mail-linked = { $name } is { $status }
mail-linked-at = { $name } is { $status } at { $score }
mail-more-linked = { $count } more objectives of other units count here, too.
mail-share-of-shortfall = { $share } % of the shortfall
mail-of-the-shortfall = of the shortfall
mail-share-none = none
mail-no-shortfall = no shortfall
mail-change = Change
mail-points = points
mail-points-on = { $points } points on { $period }
mail-points-total = { $points } points
mail-data-or-weights = data or weights
mail-others = others
mail-done = done
mail-not-done = not done
mail-target = target { $value }
mail-target-done = target done
mail-no-target = no target
mail-green-from = green from { $value }
mail-green-up-to = green up to { $value }
mail-green-at = green at { $value }
mail-red-above = (red above { $value })
mail-red-below = (red below { $value })
mail-no-difference = no difference
mail-difference-unknown = no difference known
mail-need-fewer = { $name } { $line }, i.e. { $count } fewer of { $of }
mail-need-more-of = { $name } { $line }, i.e. { $count } more of { $of }
mail-need-less = { $name } { $line }, i.e. { $gap } less
mail-need-more = { $name } { $line }, i.e. { $gap } more
mail-periods-in-a-row = { $count } periods { $status } in a row
mail-assurance-fail = its target will not be met unless the process changes
mail-assurance-chance = its target is met in some periods and missed in others, as the process is
mail-range = { $low } to { $high }
mail-within-range = this value is within its usual range { $range }: may be chance
mail-signal-outside = this value is outside its usual range: a real change, not chance
mail-signal-outside-range = this value is outside its usual range { $range }: a real change, not chance
mail-signal-run = a long run on one side of its mean: a real change, not chance
mail-signal-drift = a long rise or fall: a real change, not chance
mail-signal-near = near a limit of its usual range again: a real change, not chance
mail-signal-near-range = near a limit of its usual range { $range } again: a real change, not chance
mail-trend-better = better than the period before
mail-trend-steady = about the same as the period before
mail-trend-worse = worse than the period before
mail-spark = last { $count } periods, { $low } to { $high }
mail-spark-base = bars begin at { $value }
mail-no-owner = no owner recorded
mail-note = Note
mail-acknowledged-by = Acknowledged by
mail-initiative = Initiative
mail-no-initiative = no initiative recorded
mail-to-be-green = To be green
mail-affects = Affects
mail-scorecard = { $name } scorecard
mail-standing = { $name } ({ $status }, { $score })
mail-details = Details
mail-acknowledge-alert = Acknowledge this alert
mail-acknowledge-words = The page asks what is being done, and by when. The link is yours alone and works until { $day }; do not forward it.
mail-why = You get this because the alert of { $name } names you. Notified: { $names }.
mail-why-escalated = You get this because the alert of { $name } names you. Notified: { $names }; if it persists: { $later }.
mail-nobody = nobody
mail-instant = { $day } { $time } ({ $zone })
mail-footer = Episode { $episode }, decided { $instant }, configuration { $hash }

## What a mail says of the data

mail-data = Data
mail-data-none = none
mail-data-final = complete, final
mail-data-provisional = complete, still provisional
mail-data-complete = complete
mail-more-like-these = and { $count } more like these
remark-provisional = provisional: not every KPI of the period has reported yet
remark-heading = provisional: { $basis } it would be { $status }
remark-basis-pace = at the pace of the running period
remark-basis-forecast = by the forecast for the next period
remark-coverage = { $percent } % of the weight has data
remark-missing = no figure for { $periods } of the running total
remark-last-known = last known: { $value } of { $period }
remark-failed = the newest attempt to collect it failed; its last value stands
remark-first-reported = { $name } was first reported as { $value }, { $status }
remark-as-of = { $name } is as of { $period }
remark-never-collected = nothing has been collected yet
remark-overdue = its actual is overdue
remark-stale = its newest reading is too old
remark-sample = the sample is too small to judge
remark-no-target = no target is set for the period
remark-zero-target = its target is 0 and its tolerance a percentage of it
remark-missing-input = one of its inputs is missing
remark-undefined = it has no value: a division by zero
remark-not-combinable = percentages do not add up; they need numerator and denominator
remark-not-due = nothing is due yet
remark-too-early = too early in the period to judge
remark-not-applicable = not applicable in this period
remark-not-begun = it begins with a later period
remark-ended = it ended with an earlier period
remark-quarantined = an implausible value waits for a person
remark-carried-forward = overdue, judged on an earlier actual

## Mails of digests and reports

overview-not-in-map = { $count } more are not shown in the map.
overview-rest-by-link = the link below leads to the rest
overview-rest-by-command = { $command } shows the rest
overview-shortened = Shortened to fit: { $place }.
overview-footer = Made { $instant }, configuration { $hash }

## Digests

digest-subject = { $count ->
    [one] [Digest] 1 change since { $day }
   *[other] [Digest] { $count } changes since { $day }
}
digest-subject-red = { $count ->
    [one] [Digest] 1 change since { $day }, { $red } off track
   *[other] [Digest] { $count } changes since { $day }, { $red } off track
}
digest-subject-empty = [Digest] No changes since { $day }
digest-summary = { $count ->
    [one] 1 change in your areas since { $day }.
   *[other] { $count } changes in your areas since { $day }.
}
digest-summary-empty = Nothing has changed in your areas since { $day }: { $tally }.
digest-tally = KPIs { $counted }
digest-title = Digest for { $name }
digest-why = You get this because you own what it is about, or its alerts name you. `digest: false` at `people: { "{" } { $id }: … { "}" }` turns it off.
digest-section-changed = Changed
digest-section-alerts = Alerts
digest-section-actions = Actions of reviews
digest-section-off-track = Still off track
digest-section-at-risk = Still at risk
digest-section-idle = Off track, and no initiative is recorded
digest-section-contributing = Off track in other units, counted here
digest-section-data = Figures that are missing
digest-section-retuned = Targets, lines and weights that were changed
digest-section-silences = Silenced
digest-open-since = open since { $day }
digest-unacknowledged = nobody has acknowledged it
digest-acknowledged = acknowledged by { $name }
digest-over = over for now
digest-flapping = It is flapping, so until { $day } it is only in the digest.
digest-counts-towards = counts towards "{ $name }"
digest-missing = { $count } of { $of }: { $named }
digest-silenced = until { $day } { $time }, by { $name }: { $reason }
digest-no-value-of = no value of { $period }
digest-green-line = green line { $value }
digest-target = target
digest-line-green = green line
digest-line-red = red line
digest-weight = weight

## Reports

report-subject = [Report] { $name } - { $period }{ $verdict }
report-summary = { $name } in { $period }: { $counted } of its KPIs.
report-summary-overall = { $name } was { $status } in { $period }. KPIs: { $counted }.
report-provisional = { $count ->
    [one] This is provisional: 1 KPI has not reported yet.
   *[other] This is provisional: { $count } KPIs have not reported yet.
}
report-why = You get this because `report` of the scorecard { $name } names you. There is one for each period, as soon as all its figures are in or overdue.
report-section-changed = Changed since { $period }
report-section-discuss = To discuss
report-section-reds = Off track
report-section-decisions = Decided, written and acknowledged since { $day }
report-section-success = A success to end with
report-kpi-is = { $name } is { $status }: { $measured }
report-cause = Cause: { $cause }
report-no-note = no note is written
report-initiative = Initiative: { $initiative }
report-no-initiative = none is recorded
report-owner = Owner: { $name }
report-nobody = nobody is named
report-red-beyond = red beyond { $value }
report-decided = decided: "{ $words }" ({ $name }, { $day })
report-acknowledged = acknowledged by { $name }, { $day }

## Notices

notice-why-operators = You got this because you are one of the `operators`.
notice-why-alert = You got this because you were notified about the alert.
notice-tag-undelivered = [Undelivered]
notice-tag-settled = [Settled]
notice-reason = Why: { $reason }
notice-channel-subject = [Configuration] Messages wait for `{ $channel }`, which is not configured
notice-channel-summary = { $count ->
    [one] 1 message waits for the channel `{ $channel }`, which is not configured.
   *[other] { $count } messages wait for the channel `{ $channel }`, which is not configured.
}
notice-channel-fix = To fix: add `{ $channel }` to `channels` again, and they are sent.
notice-channel-commands = `kpid outbox list` shows them, and `kpid outbox drop` gives them up.
notice-ended-subject = [Ended] { $name }: no longer configured
notice-ended-summary = The alert on { $name } is over: it is no longer configured.
notice-ended-summary-of = The alert of { $day } on { $name } is over: it is no longer configured.
notice-ended-unseen = kpid no longer looks at it, and so says nothing of how it stands.
notice-ended-was = It was { $scope }. If that has another id now, `was:` there lets its alerts go on.
notice-settled-retried = The message that had been given up is taken up again.
notice-settled-dropped = The message that had been given up is dropped.
notice-unheard-subject = [Undelivered] Notices over `{ $channel }`
notice-unheard-summary = Operators cannot be notified over `{ $channel }`.
notice-message = The message "{ $title }"
notice-message-of-alert = The message "{ $event }" of the alert on { $name }
notice-message-for = A message for { $recipient }
notice-for = for { $recipient }
notice-was-for = It was for { $recipient } over `{ $channel }`.
notice-given-up = { $what } could not be delivered and is given up.
notice-given-up-fix = When that is fixed, `kpid outbox retry { $id }` sends it; `kpid outbox list` shows what else is not delivered.
notice-unreached = The message "{ $event }" of the alert on { $name } cannot be sent to everybody it is for.
notice-unwritten-subject = [Configuration] `{ $channel }` does not work as written
notice-store-ended-subject = [Store] kpid has ended: its store is another file
notice-store-ended-summary = kpid has ended, so that nothing is told from a store that is not there.
notice-store-subject = [Store] kpid cannot keep what it collects
notice-store-summary = Since { $since } kpid cannot write to its store: what comes is not kept and not judged, and nobody is alerted of it.
notice-store-way-out = kpid tries again by itself, and goes on when it can. `kpid doctor` says more.
notice-pages-subject = [Store] kpid's store is damaged
notice-pages-summary = On { $since } kpid found that pages of its store are damaged.
notice-pages-way-out = kpid goes on as long as it can. `kpid doctor` looks again.
notice-store-over-subject = [Store recovered] kpid keeps what it collects again
notice-store-over-summary = The trouble with kpid's store that began on { $since } was over on { $now }. What got worse and better again in between is not known.
summary-subject = { $count ->
    [one] [Summary] 1 more alert
   *[other] [Summary] { $count } more alerts
}
summary-words = { $count ->
    [one] This happened beside the alerts you got a mail of.
   *[other] These happened beside the alerts you got a mail of.
}
summary-section = What else happened
summary-why = You got this because these alerts name you, and you had as many mails on that day as `alerts.mails_per_day` says.
summary-unreadable = a message that cannot be read; `kpid outbox list --all` has it as { $id }
summary-alert = alert { $event }

## Notices of trouble with data

trouble-why = You got this because you look after the data: `steward` of the KPI, or `operators`.
trouble-many-subject = [Data] { $count } data problems
trouble-many = { $count } data problems began.
trouble-many-over-subject = [Data] { $count } data problems are over
trouble-many-over = { $count } data problems are over.
trouble-connection = the connection `{ $id }`
trouble-over-subject = [Data] { $what } is working again
trouble-over = The problem with { $what } that began on { $since } is over.
trouble-unfollowed-subject = [Data] { $what } { $why }
trouble-unfollowed = The problem with { $what } that began on { $since } is not followed any more: it { $why }.
trouble-not-configured = is no longer configured
trouble-feeds-nothing = feeds no KPI that you look after any more
trouble-does-not-count = does not count any more
trouble-source-subject = [Data] `{ $id }` gives no figures
trouble-source-fails = The connection `{ $id }` gives no figure for { $which } it feeds.
trouble-source-one = the KPI
trouble-source-any = any of the { $count } KPIs
trouble-source-some = { $count } of the { $of } KPIs
trouble-overdue-subject = [Data] { $name } is overdue
trouble-overdue = { $name } is overdue.
trouble-overdue-of = { $name } is overdue for { $period }.
trouble-stale-subject = [Data] { $name } is stale
trouble-stale = { $name } has no new reading, and its last one is too old.
trouble-quarantined-subject = [Data] { $name } is not believable
trouble-quarantined = { $name } came with a value outside its `sanity`; it is not used.
trouble-quarantined-of = { $name } came for { $period } with a value outside its `sanity`; it is not used.
trouble-quarantined-fix = To accept it, widen `sanity`, or correct the source.
trouble-incomplete-subject = [Data] { $name } has no running total
trouble-incomplete = { $name } has no figure for { $periods } of the running total.
trouble-incomplete-fix = To do: import the figures, or write `not_applicable: [{ $keys }]`.
trouble-incomplete-fix-from = To do: import the figures, or write `from: { $from }` if it began then, or `not_applicable: [{ $keys }]`.
trouble-last-known = The last value known is { $value } of { $period }.
trouble-restated-subject = [Data] { $name } was restated
trouble-restated-after = { $name } was changed for { $period } after it had been reported.
trouble-restated-line = It was reported as { $first }, { $was }, and is { $now } now, { $status }.

## Chats

chat-more-lines = { $count ->
    [one] … and 1 more line
   *[other] … and { $count } more lines
}
chat-too-large = the facts are { $bytes } bytes, more than PagerDuty takes
chat-all-by-link = Details has all of it
chat-all-by-command = `kpid show` has all of it

## Calendars

calendar-name = { $scorecard }: what is due
calendar-figures = Figures of { $period } are due ({ $count })
calendar-report = Report of { $period }, at the latest
calendar-digest = Digest
calendar-initiative = Initiative due: { $name }
