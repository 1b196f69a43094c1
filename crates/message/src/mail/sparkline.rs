//! A small picture of the trend that needs no image: bars of eight heights. They stand on zero where
//! that leaves something to be seen, and otherwise on a round number that the words name.

use serde::Serialize;

use crate::{facts::kpi::KpiFacts, mail::figures};
use kpid_language::{Language, text};

/// The bars as characters, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Stands for a period without a value.
const GAP: char = '·';

/// Fewer values make no trend.
const VALUES_MIN: usize = 3;

/// Bars on zero that differ by less than this part of the highest all look the same.
const SEEN_MIN: f64 = 0.25;

/// The recent values of a KPI, drawn.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sparkline {
    /// For text: a character a period.
    text: String,
    /// For tables: a height of 1 to 8 a period, oldest first; 0 for a gap.
    heights: Vec<usize>,
    /// The same in words, for those who do not see it.
    words: String,
}

/// The picture of a KPI's recent values, if there are enough.
pub(crate) fn spark(language: &Language, kpi: &KpiFacts) -> Option<Sparkline> {
    let values = || kpi.recent.iter().copied().flatten();
    if values().count() < VALUES_MIN {
        return None;
    }
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    let base = base(low, high);
    let heights: Vec<usize> =
        kpi.recent.iter().map(|value| value.map_or(0, |value| height(value, base, high))).collect();
    let bar = |height: &usize| height.checked_sub(1).and_then(|at| BARS.get(at)).unwrap_or(&GAP);
    let mut words = text!(
        language,
        "mail-spark",
        count = heights.len(),
        low = figures::amount(language, kpi, low),
        high = figures::amount(language, kpi, high)
    );
    if base != 0.0 && low < high {
        let base = figures::plain(language, kpi, base);
        words.push_str(&format!("; {}", text!(language, "mail-spark-base", value = base)));
    }
    Some(Sparkline { text: heights.iter().map(bar).collect(), heights, words })
}

/// What the bars stand on: zero, or a round number below the lowest value, so that this has a bar to
/// be seen, too.
fn base(low: f64, high: f64) -> f64 {
    let span = high - low;
    if low >= 0.0 && span >= SEEN_MIN * high {
        return 0.0;
    }
    // A third of the span is left below the lowest; zero is not crossed.
    let wanted = low - span / 3.0;
    if low >= 0.0 && wanted <= 0.0 {
        return 0.0;
    }
    let step = 10_f64.powf((span / 3.0).log10().floor());
    let round = (wanted / step).floor() * step;
    if round.is_finite() { round } else { low }
}

/// 1 to 8 from the base to the highest value; all the same stand in the middle.
fn height(value: f64, base: f64, high: f64) -> usize {
    let share = (value - base) / (high - base);
    if !share.is_finite() {
        return BARS.len() / 2;
    }
    (0..BARS.len()).take_while(|&bar| share * 7.0 >= bar as f64 - 0.5).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn drawn(recent: &[Option<f64>]) -> Option<String> {
        let kpi = KpiFacts { recent: recent.to_vec(), ..samples::kpis::on_time_delivery() };
        spark(kpid_language::english(), &kpi).map(|spark| spark.text)
    }

    #[test]
    fn bars_stand_on_zero_or_on_a_round_number_that_is_named() {
        let rising: Vec<_> = (0..8).map(|n| Some(f64::from(n))).collect();
        assert_eq!(drawn(&rising).as_deref(), Some("▁▂▃▄▅▆▇█"));
        assert_eq!(drawn(&[Some(50.0), None, Some(100.0), Some(75.0)]).as_deref(), Some("▅·█▆"));
        assert_eq!(drawn(&[Some(-3.0), None, Some(-1.0), Some(-3.0)]).as_deref(), Some("▃·█▃"));
        assert_eq!(drawn(&[Some(5.0); 3]).as_deref(), Some("▄▄▄"));
        assert_eq!(drawn(&[Some(5.0), None, Some(6.0)]), None);
        for (low, high, stands_on) in [
            (90.1, 96.8, 87.0),
            (0.0, 7.0, 0.0),
            (0.1, 0.11, 0.096),
            (-3.0, -1.0, -3.7),
            (-1.0, 1.0, -1.7),
            (1e12, 1.000_001e12, 9.999_996e11),
        ] {
            let found = base(low, high);
            assert!((found - stands_on).abs() <= 1e-9 * high.abs(), "{low} to {high}: {found}");
            assert!(found <= low);
        }
    }

    #[test]
    fn whoever_does_not_see_it_reads_it() {
        let recent = vec![Some(95.6), Some(96.8), Some(90.1)];
        let kpi = KpiFacts { recent, ..samples::kpis::on_time_delivery() };
        let words = spark(kpid_language::english(), &kpi).map(|spark| spark.words);
        assert_eq!(words.as_deref(), Some("last 3 periods, 90.1 % to 96.8 %; bars begin at 87 %"));
    }
}
