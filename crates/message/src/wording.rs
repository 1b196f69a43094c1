//! Small forms of words that all messages share.

/// So many of something, as a sentence says it: `1 KPI`, `2 KPIs`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_said_as_a_person_would() {
        let said = [0, 1, 2].map(|count| plural(count, "scorecard"));
        assert_eq!(said, ["0 scorecards", "1 scorecard", "2 scorecards"]);
    }
}
