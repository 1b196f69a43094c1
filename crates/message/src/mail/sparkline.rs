//! A small picture of the trend that needs no image: bars of eight heights.

use serde::Serialize;

use crate::{facts::kpi::KpiFacts, mail::figures};

/// The bars as characters, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Stands for a period without a value.
const GAP: char = '·';

/// Fewer values make no trend.
const VALUES_MIN: usize = 3;

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
pub(crate) fn spark(kpi: &KpiFacts) -> Option<Sparkline> {
    let values = || kpi.recent.iter().copied().flatten();
    if values().count() < VALUES_MIN {
        return None;
    }
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    let heights: Vec<usize> =
        kpi.recent.iter().map(|value| value.map_or(0, |value| height(value, low, high))).collect();
    let bar = |height: &usize| height.checked_sub(1).and_then(|at| BARS.get(at)).unwrap_or(&GAP);
    let words = format!(
        "last {} periods, {} to {}",
        heights.len(),
        figures::amount(kpi, low),
        figures::amount(kpi, high)
    );
    Some(Sparkline { text: heights.iter().map(bar).collect(), heights, words })
}

/// 1 at the lowest value, 8 at the highest; all the same stand in the middle.
fn height(value: f64, low: f64, high: f64) -> usize {
    let share = (value - low) / (high - low);
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
        spark(&kpi).map(|spark| spark.text)
    }

    #[test]
    fn bars_stand_between_the_lowest_and_the_highest_value() {
        let rising: Vec<_> = (0..8).map(|n| Some(f64::from(n))).collect();
        assert_eq!(drawn(&rising).as_deref(), Some("▁▂▃▄▅▆▇█"));
        assert_eq!(drawn(&[Some(-3.0), None, Some(-1.0), Some(-3.0)]).as_deref(), Some("▁·█▁"));
        assert_eq!(drawn(&[Some(5.0); 3]).as_deref(), Some("▄▄▄"));
        assert_eq!(drawn(&[Some(5.0), None, Some(6.0)]), None);
    }

    #[test]
    fn whoever_does_not_see_it_reads_it() {
        let recent = vec![Some(95.6), Some(96.8), Some(90.1)];
        let kpi = KpiFacts { recent, ..samples::kpis::on_time_delivery() };
        let words = spark(&kpi).map(|spark| spark.words);
        assert_eq!(words.as_deref(), Some("last 3 periods, 90.1 % to 96.8 %"));
    }
}
