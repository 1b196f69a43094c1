//! Mails as the built-in templates make them.

use anyhow::Context;
use minijinja::Error;

use crate::{
    mail::renderer::{MailRenderer, Rendered},
    message::Message,
};
use kpid_language::{Language, english};

/// Renders a message as the mail that is built in, in English.
pub fn plain(message: &Message) -> Result<Rendered, Error> {
    plain_in(english(), message)
}

/// The same in another language.
pub fn plain_in(language: &Language, message: &Message) -> Result<Rendered, Error> {
    MailRenderer::built_in()?.mail_asking(language, message, None).map(|(rendered, _)| rendered)
}

/// All that a message says, as text and as HTML.
pub fn bodies(language: &Language, message: &Message) -> anyhow::Result<(String, String)> {
    let mail = whole(language, message).context("cannot render the mail")?;
    Ok((mail.text, mail.html))
}

/// Renders a message for whoever has room for all of it.
pub(crate) fn whole(language: &Language, message: &Message) -> Result<Rendered, Error> {
    MailRenderer::built_in()?.made(language, message, None).map(|(rendered, _)| rendered)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        acknowledge_link::Link, facts::alert::Facts, mail::headline::SUBJECT_CHARS_MAX, samples,
    };
    use kpid_rules::alerting::Event;

    fn render(message: impl Into<Message>) -> Rendered {
        plain(&message.into()).unwrap()
    }

    /// An event of each kind, by its name.
    fn episode() -> [(&'static str, Facts); 9] {
        [
            ("opened", samples::alerts::opened()),
            ("acknowledged", samples::alerts::acknowledged()),
            ("worsened", samples::alerts::worsened()),
            ("reminded", samples::alerts::reminded()),
            ("escalated", samples::alerts::escalated()),
            ("recovered", samples::alerts::recovered()),
            ("corrected", samples::alerts::corrected()),
            ("early", samples::alerts::early()),
            ("bare", samples::alerts::bare()),
        ]
    }

    #[test]
    fn the_mails_of_one_episode() {
        for (name, facts) in episode() {
            let Rendered { subject, text, html } = render(facts);
            insta::assert_snapshot!(format!("{name}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("{name}_html"), html);
        }
    }

    #[test]
    fn a_reader_of_german_gets_all_of_it_in_german() {
        let german = kpid_language::language("de").unwrap();
        for (name, facts) in episode() {
            let Rendered { subject, text, html } = plain_in(german, &facts.into()).unwrap();
            insta::assert_snapshot!(format!("{name}_text_de"), format!("{subject}\n\n{text}"));
            assert!(subject.chars().count() <= SUBJECT_CHARS_MAX, "{subject}");
            assert!(html.contains("<html lang=\"de\">"));
            if name == "opened" {
                insta::assert_snapshot!("opened_html_de", html);
            }
        }
    }

    #[test]
    fn a_mail_to_a_person_asks_to_acknowledge_in_both_forms() {
        let url = "https://kpi.calder.example/a/abc-_.def".to_owned();
        let until = samples::parts::at("2026-06-17T06:00:05+02:00").to_utc();
        let (link, message) = (Link { url, until }, samples::alerts::opened().into());
        let look = MailRenderer::of(&[]).unwrap();
        let (Rendered { text, html, .. }, _) =
            look.mail_asking(english(), &message, Some(&link)).unwrap();
        insta::assert_snapshot!("asking_text", text);
        insta::assert_snapshot!("asking_html", html);
    }

    #[test]
    fn a_notice_says_the_same_in_both_forms() {
        let Rendered { subject, text, html } = render(samples::overviews::notice());
        insta::assert_snapshot!("notice_text", format!("{subject}\n\n{text}"));
        insta::assert_snapshot!("notice_html", html);
        let mut long = samples::overviews::notice();
        long.subject = format!("a\r\nBcc: x {}is overdue", "long ".repeat(40));
        let subject = render(long).subject;
        assert!((SUBJECT_CHARS_MAX - 2..=SUBJECT_CHARS_MAX).contains(&subject.chars().count()));
        assert!(!subject.contains('\n') && subject.ends_with("long is overdue"), "{subject}");
    }

    #[test]
    fn what_authors_wrote_is_text_and_never_markup() {
        let mut facts = samples::alerts::opened();
        facts.node.name = "<img src=x onerror=alert(1)>".to_owned();
        facts.kpis[0].unit = Some("<b>".to_owned());
        let html = render(facts).html;
        assert!(!html.contains("<img") && !html.contains("<b>90.1 <b>"));
    }

    #[test]
    fn html_brings_no_remote_content() {
        let html = render(samples::alerts::opened()).html;
        for part in ["<img", "src=", "url(", "<script", "<link"] {
            assert!(!html.contains(part), "{part}");
        }
    }

    /// Facts of which any part may be missing, and any number any number.
    fn facts() -> impl Strategy<Value = Facts> {
        let number = || prop::option::of(prop_oneof![-1e12_f64..1e12, Just(0.0), -1.0_f64..1.0]);
        let base = prop::sample::select(vec![
            samples::alerts::opened(),
            samples::alerts::worsened(),
            samples::alerts::escalated(),
            samples::alerts::recovered(),
            samples::alerts::early(),
            samples::alerts::bare(),
        ]);
        let event = prop::sample::select(vec![
            Event::Opened,
            Event::Worsened,
            Event::Reminded,
            Event::Escalated,
            Event::Acknowledged,
            Event::Recovered,
            Event::Corrected,
        ]);
        let numbers = prop::array::uniform8(number());
        (base, event, numbers, prop::array::uniform8(any::<bool>())).prop_map(
            |(mut facts, event, [value, target, green, red, variance, from, to, points], kept)| {
                facts.event = event;
                for kpi in &mut facts.kpis {
                    (kpi.value, kpi.target) = (value, target);
                    (kpi.green_line, kpi.red_line, kpi.variance) = (green, red, variance);
                    kpi.contribution = points;
                }
                (facts.score.from, facts.score.to) = (from, to);
                facts.period = facts.period.filter(|_| kept[0]);
                facts.before = facts.before.filter(|_| kept[1]);
                facts.since = facts.since.filter(|_| kept[2]);
                facts.reason = facts.reason.filter(|_| kept[3]);
                facts.culprit = facts.culprit.filter(|_| kept[4]);
                facts.owner = facts.owner.filter(|_| kept[5]);
                facts.links = facts.links.filter(|_| kept[6]);
                facts.episode.opened_at = facts.episode.opened_at.filter(|_| kept[7]);
                facts
            },
        )
    }

    proptest! {
        #[test]
        fn whatever_is_missing_is_worded(facts in facts()) {
            let Rendered { subject, text, html } = render(facts);
            for part in [&subject, &text, &html] {
                let words = part.split(|c: char| !c.is_alphanumeric());
                for word in words {
                    let leaked = ["null", "NaN", "None", "Some", "undefined", "inf"];
                    prop_assert!(!leaked.contains(&word), "{word} in {part}");
                }
                prop_assert!(!part.contains("-0.0 "), "{part}");
            }
        }
    }
}
