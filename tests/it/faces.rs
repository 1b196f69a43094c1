//! What every face says of one verdict: the same numbers, and none on a line that it misses.

use chrono::{Days, NaiveDate, Utc};

use crate::world::kpid::{ADA_BY_MAIL, Kpid};

const SCORECARD: &str = "
scorecard: h
owner: ada
report: { to: [ada] }
perspectives:
  fin:
    name: Financial
    owner: ada
    alert: { to: [ada] }
    objectives:
      o:
        kpis:
          rev: { name: Net revenue, unit: EUR, nature: flow, target: 1250000, tolerance: 5%, owner: ada }
          avail: { name: Availability, unit: \"%\", nature: ratio, target: 99.9, tolerance: 0.1, owner: ada }
          cost: { name: Cost per unit, unit: EUR, nature: level, direction: lower, target: 10, tolerance: 1, decimals: 0, lag: 31d, owner: ada }
";

#[tokio::test]
async fn no_face_shows_a_value_on_a_line_that_it_misses() {
    let kpid = Kpid::new(ADA_BY_MAIL, SCORECARD);
    let first: NaiveDate = Utc::now().format("%Y-%m-01").to_string().parse().unwrap();
    let month = (first - Days::new(1)).format("%Y-%m").to_string();
    let rows = format!(
        "kpi,period,value,numerator,denominator\nh/rev,{month},1187499.6,,\n\
         h/avail,{month},,997999,1000000\nh/cost,{month},11.4,,\n"
    );
    kpid.import(&rows).await;
    let faces: [(&[&str], &[&str]); 5] = [
        (
            &["explain", "h/cost", &month],
            &[
                "value   11.4 EUR",
                "target  10 EUR",
                "green from 10 EUR, red beyond 11 EUR",
                "(11.4 - 11)",
            ],
        ),
        (
            &["explain", "h/rev", &month],
            &["value   1187499.6 EUR", "red beyond 1187500 EUR", "(1187499.6 - 1187500)"],
        ),
        (
            &["report", "h", &month],
            &[
                "11.4 EUR, target 10 EUR",
                "red beyond 11 EUR",
                "99.7999 %",
                "1187499.6 EUR",
                "red beyond 1187500 EUR",
            ],
        ),
        (&["show"], &["11.4 EUR, target 10 EUR", "99.7999 %", "1187499.6 EUR, target 1250000 EUR"]),
        (
            &["notify", "ada", "--preview", "--of", "h/fin"],
            &[
                "11.4 EUR",
                "+1.4 EUR",
                "Cost per unit 10 EUR, i.e. 1.4 EUR less",
                "Net revenue 1250000 EUR, i.e. 62500.4 EUR more",
                // 999 000 less 997 999.
                "Availability 99.9 %, i.e. 1001 more of 1000000",
            ],
        ),
    ];
    for (arguments, wanted) in faces {
        let said = kpid.says(arguments).await;
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in wanted {
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(&words), "{arguments:?} lacks `{words}`: {said}");
        }
        for lie in [
            " 11 EUR, target",
            "value 11 EUR",
            "; 11 EUR",
            " 99.8 %, target",
            "1187500 EUR, target",
            "+1 EUR",
        ] {
            assert!(!flat.contains(lie), "{arguments:?} says `{lie}`: {said}");
        }
    }
}
