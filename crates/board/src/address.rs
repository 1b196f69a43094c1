//! What an address asks for: the page, and how it is looked at. A link is a view, so everything that
//! a reader chooses is in it.

use url::form_urlencoded;

/// More than any form of ours has; the rest is not looked at.
const PAIRS_MAX: usize = 32;

/// What goes along from page to page.
const KEPT: [&str; 3] = ["at", "compare", "lang"];

/// The address of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    /// The address of a path and its query.
    pub fn parse(path: &str, query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        Self { path: path.to_owned(), pairs: pairs.take(PAIRS_MAX).collect() }
    }

    /// The path without what follows it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is asked by that name; nothing where it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(held, _)| held == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The number asked for by that name, from 1 on; 1 where there is none.
    pub fn page(&self) -> usize {
        self.get("page").and_then(|text| text.parse().ok()).filter(|page| *page > 0).unwrap_or(1)
    }

    /// The same page with another choice. Another choice begins at the first page of a list.
    pub fn with(&self, name: &str, value: &str) -> String {
        let others = self.pairs.iter().filter(|(held, _)| held != name && held != "page");
        let mut pairs: Vec<(&str, &str)> =
            others.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if !value.is_empty() {
            pairs.push((name, value));
        }
        written(&self.path, pairs)
    }

    /// Another page, looked at in the same way.
    pub fn link(&self, path: &str) -> String {
        let kept = self.kept();
        written(path, kept.collect())
    }

    /// What goes along from page to page.
    pub fn kept(&self) -> impl Iterator<Item = (&str, &str)> {
        KEPT.into_iter().filter_map(|name| Some((name, self.get(name)?)))
    }
}

fn written(path: &str, pairs: Vec<(&str, &str)>) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_a_view() {
        let address = Address::parse("/c/calder", "at=2026-05&q=a%26b&page=3&sort=");
        assert_eq!(address.get("q"), Some("a&b"));
        assert_eq!(address.get("sort"), None);
        assert_eq!(address.page(), 3);
        assert_eq!(
            address.with("status", "off_track"),
            "/c/calder?at=2026-05&q=a%26b&sort=&status=off_track"
        );
        assert_eq!(address.with("q", ""), "/c/calder?at=2026-05&sort=");
        assert_eq!(address.link("/alerts"), "/alerts?at=2026-05");
        assert_eq!(Address::parse("/", "page=0").page(), 1);
        assert_eq!(Address::parse("/", "page=x").page(), 1);
    }
}
