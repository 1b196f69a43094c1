//! The table of the rules' cases, run through the real types.

#[test]
fn every_row_is_json() {
    let mut rows = csv::Reader::from_path("tests/data/vectors.csv").unwrap();
    let parsed = rows.records().map(|row| {
        let row = row.unwrap();
        serde_json::from_str::<serde_json::Value>(&row[3]).unwrap()
    });
    assert_eq!(parsed.count(), 121);
}
