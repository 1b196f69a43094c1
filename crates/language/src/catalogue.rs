//! The languages that there are, and the texts of each.

use std::{borrow::Cow, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use include_dir::{Dir, include_dir};
use unic_langid::LanguageIdentifier;

/// What stands in for what another language does not say.
const FALLBACK: &str = "en";

pub(crate) static LOCALES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/locales");

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(read);

/// A language that kpid speaks.
pub struct Language {
    pub(crate) code: LanguageIdentifier,
    bundle: FluentBundle<FluentResource>,
}

/// A value in a text.
pub type Argument<'a> = FluentValue<'a>;

/// All languages, English first.
pub fn languages() -> &'static [Language] {
    &LANGUAGES
}

/// English, which is complete.
pub fn english() -> &'static Language {
    // The fallback is read first; without it there is nothing, and the tests say so.
    &LANGUAGES[0]
}

/// The language of that code, such as `de`.
pub fn language(code: &str) -> Option<&'static Language> {
    languages().iter().find(|language| language.code().eq_ignore_ascii_case(code))
}

fn read() -> Vec<Language> {
    let mut languages: Vec<Language> = LOCALES.files().filter_map(Language::of).collect();
    languages
        .sort_by_cached_key(|language| (language.code() != FALLBACK, language.code().to_owned()));
    languages
}

impl Language {
    /// The language of a file; none if its name is no language.
    fn of(file: &include_dir::File<'_>) -> Option<Self> {
        let code: LanguageIdentifier = file.path().file_stem()?.to_str()?.parse().ok()?;
        // What cannot be read of it is missing, and English stands in: the tests allow no such thing.
        let resource = match FluentResource::try_new(file.contents_utf8()?.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let mut bundle = FluentBundle::new_concurrent(vec![code.clone()]);
        // Names stand in elements of their own, which keep their direction to themselves.
        bundle.set_use_isolating(false);
        // Fails only for names that are taken, and nothing is in it yet.
        let _ = bundle.add_builtins();
        bundle.add_resource_overriding(resource);
        Some(Self { code, bundle })
    }

    /// Its code, such as `de`: what `lang` of a page says.
    pub fn code(&self) -> &str {
        self.code.language.as_str()
    }

    /// The text of a key.
    pub fn text(&self, key: &str) -> Cow<'_, str> {
        self.formatted(key, None)
    }

    /// The text of a key, with values.
    pub fn text_with<'a, const N: usize>(
        &self,
        key: &str,
        values: [(&'static str, Argument<'a>); N],
    ) -> String {
        let arguments: FluentArgs<'_> = values.into_iter().collect();
        self.formatted(key, Some(&arguments)).into_owned()
    }

    fn formatted<'a>(&'a self, key: &str, values: Option<&FluentArgs<'_>>) -> Cow<'a, str> {
        if let Some(message) = self.bundle.get_message(key)
            && let Some(pattern) = message.value()
        {
            // Errors are of values that are not given, and leave the name of the value in the text.
            let mut errors = Vec::new();
            let text = self.bundle.format_pattern(pattern, values, &mut errors);
            return Cow::Owned(text.into_owned());
        }
        if self.code() != FALLBACK {
            return Cow::Owned(english().formatted(key, values).into_owned());
        }
        Cow::Owned(key.to_owned())
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Language {}

impl std::fmt::Debug for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Language").field(&self.code.to_string()).finish()
    }
}
