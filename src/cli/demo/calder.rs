//! Calder Cycles in figures: what the systems of the demo's company hold for each month, from one
//! seed. Pure; the same on every machine.

use chrono::{Datelike, Months, NaiveDate, Weekday};

/// The seed of everything that is not told.
const SEED: u64 = 2026;

/// How many months there are: April 2024 to May 2026.
pub(crate) const MONTHS: u32 = 26;

/// April 2026, the last good month.
const APRIL: u32 = 24;

/// May 2026, in which the story happens.
pub(crate) const MAY: u32 = 25;

/// May 2025, which May 2026 is compared with.
const MAY_BEFORE: u32 = 13;

/// The month whose revenue is restated one month later.
const RESTATED: u32 = 22;

/// One month of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month(u32);

/// So many out of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// What is counted.
    pub(crate) part: i64,
    /// Out of how many.
    pub(crate) whole: i64,
}

/// A figure over time: a level, a drift a month and seeded noise, except where the story tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    level: f64,
    drift: f64,
    noise: f64,
    /// Decimals a person would write.
    decimals: i32,
    given: &'static [(u32, f64)],
}

/// Shipped on time from the site North, in %. Its carrier changes in May 2026.
pub(crate) const ON_TIME_NORTH: Course =
    Course { given: &[(APRIL, 95.3), (MAY, 89.3)], ..course(94.9, 1.7, 1) };

/// Shipped on time from the site South, in %.
pub(crate) const ON_TIME_SOUTH: Course =
    Course { given: &[(APRIL, 96.2), (MAY, 91.7)], ..course(95.9, 1.7, 1) };

/// Lead time of made-to-order bikes that 95 of 100 keep, in days.
pub(crate) const LEAD_TIME_P95: Course =
    Course { given: &[(APRIL, 6.5), (MAY, 7.2)], ..course(6.1, 0.4, 1) };

/// Gross margin, in %.
pub(crate) const MARGIN: Course = Course { given: &[(MAY, 33.6)], ..course(34.1, 0.9, 1) };

/// How far revenue is from plan, in %.
const REVENUE_OFF_PLAN: Course = course(0.6, 4.0, 1);

/// How far the year's cash flow so far is from its plan, in kEUR.
const CASH_OFF_PLAN: Course = course(10.0, 60.0, 0);

/// Days of sales not yet paid.
pub(crate) const DEBTOR_DAYS: Course =
    Course { given: &[(APRIL, 47.6), (MAY, 47.1)], ..course(48.0, 0.7, 1) };

/// Days that the stock lasts.
pub(crate) const STOCK_DAYS: Course =
    Course { given: &[(23, 44.0), (APRIL, 47.0), (MAY, 49.0)], ..course(40.0, 4.0, 0) };

/// Warranty claims a month, per 1000 bikes under warranty.
const CLAIMS: Course =
    Course { drift: -0.1, given: &[(MAY_BEFORE, 14.0), (MAY, 13.1)], ..course(15.6, 0.3, 1) };

/// Net promoter score.
pub(crate) const PROMOTERS: Course =
    Course { given: &[(APRIL, 39.4), (MAY, 41.0)], ..course(38.2, 1.4, 1) };

/// Contacts resolved at the first go, in %.
pub(crate) const FIRST_CONTACT: Course =
    Course { given: &[(APRIL, 75.5), (MAY, 76.4)], ..course(75.2, 1.4, 1) };

/// The same of the team Tier 1.
pub(crate) const FIRST_CONTACT_TIER_1: Course =
    Course { given: &[(MAY, 73.8)], ..course(73.5, 1.2, 1) };

/// Bikes that pass their first inspection, in %.
pub(crate) const FIRST_PASS: Course = Course { given: &[(MAY, 97.3)], ..course(97.1, 0.5, 1) };

/// Project milestones met on their date, in %. The tool is down in June 2026.
pub(crate) const MILESTONES: Course = course(85.0, 6.0, 0);

/// Training hours per employee and month.
pub(crate) const TRAINING: Course =
    Course { given: &[(APRIL, 1.9), (MAY, 1.7)], ..course(2.0, 0.2, 1) };

/// Employees who left of their own accord in twelve months, in %.
pub(crate) const TURNOVER: Course = Course { given: &[(MAY, 9.6)], ..course(9.1, 0.5, 1) };

/// Checks that found the shop open, in %.
pub(crate) const SHOP: Course = Course { given: &[(MAY, 99.94)], ..course(99.93, 0.03, 2) };

/// Lines picked right, in %.
pub(crate) const PICKS: Course = Course { given: &[(MAY, 99.5)], ..course(99.5, 0.2, 2) };

/// Bikes reworked, in %.
pub(crate) const REWORK: Course = Course { given: &[(MAY, 2.4)], ..course(2.5, 0.4, 1) };

/// Cost of scrap, in kEUR.
pub(crate) const SCRAP: Course = Course { given: &[(MAY, 18.6)], ..course(17.5, 2.0, 1) };

/// Hours from dock to shelf that 95 of 100 deliveries keep.
pub(crate) const DOCK_TO_STOCK: Course = Course { given: &[(MAY, 21.5)], ..course(20.0, 2.0, 1) };

/// Locations whose count was right, in %.
pub(crate) const COUNTS: Course = course(98.6, 0.5, 1);

/// Near misses reported.
pub(crate) const NEAR_MISSES: Course = course(14.0, 3.0, 0);

/// Riders content with the answer, in %.
pub(crate) const CONTENT: Course = Course { given: &[(MAY, 88.4)], ..course(88.0, 1.5, 1) };

/// The same of the team Tier 1.
pub(crate) const CONTENT_TIER_1: Course = course(87.4, 1.5, 1);

/// The same of one agent.
pub(crate) const CONTENT_ONE_AGENT: Course = course(89.0, 2.0, 1);

/// Contacts that wait for longer than 48 hours.
pub(crate) const BACKLOG: Course = Course { given: &[(MAY, 34.0)], ..course(28.0, 5.0, 0) };

/// Hours to the first reply that 95 of 100 contacts keep.
pub(crate) const FIRST_REPLY: Course = Course { given: &[(MAY, 9.2)], ..course(7.8, 0.8, 1) };

/// Training hours per agent and month.
pub(crate) const AGENT_TRAINING: Course = course(2.6, 0.4, 1);

/// Planned shifts that were staffed, in %.
pub(crate) const SHIFTS: Course = course(96.5, 1.0, 1);

/// Contacts one agent resolves at the first go, in %.
pub(crate) const ONE_AGENT: Course = course(78.0, 2.0, 1);

impl Month {
    /// May 2026.
    pub(crate) const MAY: Self = Self(MAY);

    /// All months, oldest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..MONTHS).map(Self)
    }

    /// The month named by a key such as `2026-05`, or by any day in it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let key = text.get(..7)?;
        Self::all().find(|month| month.key() == key)
    }

    /// Counted from April 2024, which is 0.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// `2026-05`
    pub(crate) fn key(self) -> String {
        self.first_day().format("%Y-%m").to_string()
    }

    /// `May 2026`
    pub(crate) fn label(self) -> String {
        self.first_day().format("%B %Y").to_string()
    }

    pub(crate) fn first_day(self) -> NaiveDate {
        let start = NaiveDate::from_ymd_opt(2024, 4, 1).unwrap_or_default();
        start.checked_add_months(Months::new(self.0)).unwrap_or_default()
    }

    pub(crate) fn last_day(self) -> NaiveDate {
        Self(self.0 + 1).first_day().pred_opt().unwrap_or_default()
    }

    /// Mondays to Fridays.
    pub(crate) fn working_days(self) -> Vec<NaiveDate> {
        let days = self.first_day().iter_days().take_while(|day| *day <= self.last_day());
        days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)).collect()
    }

    /// Net revenue, in cents.
    pub(crate) fn revenue_cents(self) -> i64 {
        let keur = match self.0 {
            APRIL => 2215.0,
            MAY => 2310.0,
            _ => self.planned_revenue() * (1.0 + REVENUE_OFF_PLAN.at(self) / 100.0),
        };
        cents(keur.round())
    }

    /// What is credited for this month when its books are long closed, in cents.
    pub(crate) fn credited_later_cents(self) -> Option<i64> {
        (self.0 == RESTATED).then(|| cents(46.0))
    }

    /// Money in minus money out, in cents.
    pub(crate) fn cash_flow_cents(self) -> i64 {
        let year_to_date = |month: Self| match month.0 {
            APRIL => -90.0,
            MAY => -180.0,
            _ => 20.0 * f64::from(month.0 % 12 + 1) + CASH_OFF_PLAN.at(month),
        };
        let before = match self.0 % 12 {
            0 => 0.0,
            _ => year_to_date(Self(self.0 - 1)),
        };
        cents(year_to_date(self) - before)
    }

    /// Warranty claims of bikes under warranty.
    pub(crate) fn claims(self) -> Share {
        // As many as were sold in the two years before: 18 000 in May 2025, 20 000 in May 2026.
        let bikes = 18_000 + (2_000 * (i64::from(self.0) - i64::from(MAY_BEFORE))) / 12;
        Share::of(CLAIMS.at(self) / 10.0, bikes)
    }

    /// The plan of the years before the present one, in kEUR; as the scorecard's targets have it.
    fn planned_revenue(self) -> f64 {
        const SEASON: [f64; 12] = [8., 9., 10., 9., 6., 9., 8., 8., 8., 7., 8., 10.];
        let year = if self.0 < 12 { 24_000.0 } else { 25_200.0 };
        year / 100.0 * SEASON[self.0 as usize % 12]
    }
}

impl Share {
    /// A percentage of a whole, to the nearest one.
    pub(crate) fn of(percent: f64, whole: i64) -> Self {
        Self { part: (percent / 100.0 * whole as f64).round() as i64, whole }
    }
}

impl Course {
    /// The figure of a month.
    pub(crate) fn at(&self, month: Month) -> f64 {
        let given = self.given.iter().find(|(given, _)| *given == month.0);
        let value = given.map_or_else(
            || {
                let drifted = self.level + self.drift * f64::from(month.0);
                drifted + self.noise * self.noise_at(month)
            },
            |(_, value)| *value,
        );
        let digits = 10f64.powi(self.decimals);
        (value * digits).round() / digits
    }

    /// The figure of a month as so many percent of a whole.
    pub(crate) fn share(&self, month: Month, whole: i64) -> Share {
        Share::of(self.at(month), whole)
    }

    /// -1 to 1; courses differ in it as they differ in level.
    fn noise_at(&self, month: Month) -> f64 {
        let stream = self.level.to_bits() ^ self.noise.to_bits().rotate_left(17);
        2.0 * unit(stream ^ u64::from(month.0)) - 1.0
    }
}

/// A total in parts that differ by up to a fifth and add up exactly.
pub(crate) fn spread(total: i64, parts: usize, stream: u64) -> Vec<i64> {
    let weights: Vec<f64> =
        (0..parts as u64).map(|part| 0.8 + 0.4 * unit(stream.rotate_left(23) ^ part)).collect();
    let sum: f64 = weights.iter().sum();
    let mut reached = (0.0, 0);
    weights
        .iter()
        .map(|weight| {
            let upto = reached.0 + weight;
            let cut = (upto / sum * total as f64).round() as i64;
            let part = cut - reached.1;
            reached = (upto, cut);
            part
        })
        .collect()
}

const fn course(level: f64, noise: f64, decimals: i32) -> Course {
    Course { level, drift: 0.0, noise, decimals, given: &[] }
}

fn cents(keur: f64) -> i64 {
    (keur * 100_000.0).round() as i64
}

/// A number from 0 to 1 that follows from the seed and a key: one step of SplitMix64, so that
/// no release of a library can change the demo.
fn unit(key: u64) -> f64 {
    let mut z = SEED.wrapping_add(key.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(key: &str) -> Month {
        Month::parse(key).unwrap()
    }

    #[test]
    fn the_story_has_26_months() {
        let keys: Vec<String> = Month::all().map(Month::key).collect();
        assert_eq!((keys.len(), keys[0].as_str(), keys[25].as_str()), (26, "2024-04", "2026-05"));
        assert_eq!(Month::parse("2026-05-31"), Some(Month(MAY)));
        assert_eq!(Month::parse("2026-06"), None);
    }

    #[test]
    fn what_the_story_tells_is_exact() {
        let (april, may) = (month("2026-04"), month("2026-05"));
        let on_time = |month| {
            let north = ON_TIME_NORTH.share(month, 2000);
            let south = ON_TIME_SOUTH.share(month, 1000);
            (north.part, south.part)
        };
        assert_eq!(on_time(may), (1786, 917));
        assert_eq!(on_time(april), (1906, 962));
        assert_eq!(may.revenue_cents(), 231_000_000);
        assert_eq!(april.cash_flow_cents() + may.cash_flow_cents(), -18_000_000);
        assert_eq!(may.claims(), Share { part: 262, whole: 20_000 });
        assert_eq!(month("2025-05").claims(), Share { part: 252, whole: 18_000 });
        assert_eq!(FIRST_CONTACT.share(may, 5000).part, 3820);
        assert_eq!(FIRST_CONTACT.share(april, 5000).part, 3775);
        assert_eq!(PROMOTERS.at(april), 39.4);
        assert_eq!(TRAINING.at(april) + TRAINING.at(may), 3.5999999999999996);
    }

    #[test]
    fn before_may_on_time_delivery_stays_in_its_usual_range() {
        for month in Month::all().filter(|month| month.number() < MAY) {
            let shares =
                [ON_TIME_NORTH.share(month, 2000).part, ON_TIME_SOUTH.share(month, 1000).part];
            let percent = shares.iter().sum::<i64>() as f64 / 30.0;
            assert!((92.0..=98.0).contains(&percent), "{}: {percent}", month.key());
        }
    }

    #[test]
    fn parts_add_up_and_differ_little() {
        for (total, parts) in [(2000, 21), (-9_000_000, 7), (83, 22), (0, 5)] {
            let spread = spread(total, parts, 7);
            assert_eq!((spread.iter().sum::<i64>(), spread.len()), (total, parts));
            let even = total as f64 / parts as f64;
            let near = |part: &i64| (*part as f64 - even).abs() <= 0.5 * even.abs() + 1.0;
            assert!(spread.iter().all(near), "{spread:?}");
        }
    }

    #[test]
    fn the_noise_is_noise() {
        let noise: Vec<f64> = Month::all().map(|month| PICKS.noise_at(month)).collect();
        assert!(noise.iter().all(|noise| (-1.0..=1.0).contains(noise)));
        assert!(noise.iter().any(|noise| *noise > 0.5) && noise.iter().any(|noise| *noise < -0.5));
    }
}
