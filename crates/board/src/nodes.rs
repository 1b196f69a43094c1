//! Lists of nodes: found, filtered and sorted as the address says, a page at a time.

use maud::{Markup, html};

use crate::view::View;
use kpid_language::text;
use kpid_rules::model::Status;

/// Rows of one page of a list: more is no list that a person reads, and a heavy page.
pub(crate) const ROWS_MAX: usize = 100;

/// The statuses that a list can be narrowed to.
const FILTERS: [Status; 4] = [Status::OffTrack, Status::AtRisk, Status::NoData, Status::OnTrack];

/// What a list is sorted and filtered by.
pub(crate) trait Listed {
    fn status(&self) -> Status;
    fn score(&self) -> Option<f64>;
    /// What a search looks through.
    fn words(&self) -> String;
}

/// One page of a list.
pub(crate) struct Listing<T> {
    pub(crate) rows: Vec<T>,
    /// How many there are on all pages.
    pub(crate) found: usize,
    page: usize,
    pages: usize,
}

/// The rows that the address asks for, in the order that it asks for: the author's, or the worst first.
pub(crate) fn listed<T: Listed>(view: &View<'_>, mut rows: Vec<T>, rows_max: usize) -> Listing<T> {
    let address = view.address;
    if let Some(status) = address.get("status").and_then(Status::parse) {
        rows.retain(|row| row.status() == status);
    }
    if let Some(search) = address.get("q").map(str::to_lowercase) {
        rows.retain(|row| row.words().to_lowercase().contains(&search));
    }
    match address.get("sort") {
        Some("worst") => rows.sort_by(|left, right| {
            let score = |row: &T| row.score().unwrap_or(f64::INFINITY);
            let by_status = left.status().severity().cmp(&right.status().severity());
            by_status.then(score(left).total_cmp(&score(right)))
        }),
        Some("name") => rows.sort_by_cached_key(|row| row.words().to_lowercase()),
        _ => {}
    }
    let found = rows.len();
    let pages = found.div_ceil(rows_max).max(1);
    let page = address.page().min(pages);
    let rows = rows.into_iter().skip((page - 1) * rows_max).take(rows_max).collect();
    Listing { rows, found, page, pages }
}

/// Links that sort and narrow a list.
pub(crate) fn choices(view: &View<'_>) -> Markup {
    let (language, address) = (view.language, view.address);
    let sorts = [("", "sort-author"), ("worst", "sort-worst"), ("name", "sort-name")];
    let chosen = address.get("sort").unwrap_or_default();
    let status = address.get("status").unwrap_or_default();
    html! {
        div class="choices" {
            nav aria-label=(language.text("sort")) {
                (language.text("sort")) ": "
                @for (value, key) in sorts {
                    a href=(address.with("sort", value)) aria-current=[(chosen == value).then_some("true")] {
                        (language.text(key))
                    } " "
                }
            }
            nav aria-label=(language.text("filter")) {
                (language.text("filter")) ": "
                a href=(address.with("status", "")) aria-current=[status.is_empty().then_some("true")] {
                    (language.text("filter-all"))
                } " "
                @for filter in FILTERS {
                    a href=(address.with("status", filter.word()))
                        aria-current=[(status == filter.word()).then_some("true")] {
                        (language.status(filter))
                    } " "
                }
            }
            @if let Some(search) = address.get("q") {
                p { (text!(language, "searched-for", words = search))
                    " " a href=(address.with("q", "")) { (language.text("filter-none")) } }
            }
        }
    }
}

impl<T> Listing<T> {
    /// Links to the other pages of the list, where it has any.
    pub(crate) fn pages(&self, view: &View<'_>) -> Markup {
        let (language, address) = (view.language, view.address);
        let to = |page: usize| address.with("page", &page.to_string());
        html! {
            @if self.pages > 1 {
                nav class="pages" aria-label=(language.text("pages")) {
                    @if self.page > 1 { a href=(to(self.page - 1)) rel="prev" { (language.text("page-before")) } " " }
                    (text!(language, "page-of", page = self.page, pages = self.pages, found = self.found))
                    @if self.page < self.pages { " " a href=(to(self.page + 1)) rel="next" { (language.text("page-after")) } }
                }
            }
            @if self.found == 0 { p class="soft" { (language.text("nothing-found")) } }
        }
    }
}
