### English. Complete: it stands in for what another language does not say.

language-name = English

## Numbers and dates

number-decimal-mark = .
number-group-mark = ,
date = { $day } { $month } { $year }
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
observed = Observed
formula = Formula
shared-from = { $count ->
    [one] The same KPI of one unit
   *[other] The same KPI of { $count } units
}
last-runs = Last runs
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
wrong = This could not be kept
