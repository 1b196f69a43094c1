//! Templates of an author's own, tried on samples before anybody is sent what they make.

use crate::{
    mail::renderer::{BUILT_IN, MailRenderer},
    message::Message,
    samples,
    template::{Fault, Template},
    webhook_formats::{format::BodyTemplate, own::OwnBody},
};
use kpid_rules::alerting::Event;

/// The templates of mails that are built in: the names of their files, and their texts.
pub fn built_in() -> impl Iterator<Item = (String, &'static str)> {
    BUILT_IN.into_iter().map(|(name, text)| (format!("{name}.j2"), text))
}

/// Everything that is wrong with the templates of a mail channel.
pub fn mails(own: &[Template]) -> anyhow::Result<Vec<Fault>> {
    let renderer = MailRenderer::of(own)?;
    let mut found = renderer.broken().to_vec();
    for (name, message) in samples() {
        let (_, faults) = renderer.mail(&message)?;
        keep(&mut found, name, faults);
    }
    Ok(found)
}

/// Everything that is wrong with the body of a webhook.
pub fn body(body: &BodyTemplate) -> Vec<Fault> {
    let compiled = OwnBody::compile(body);
    let mut found = Vec::new();
    for (name, message) in samples() {
        keep(&mut found, name, compiled.render(kpid_language::english(), &message).err());
    }
    found
}

/// A fault is listed once, with the first sample that shows it.
fn keep(found: &mut Vec<Fault>, sample: &str, faults: impl IntoIterator<Item = Fault>) {
    for fault in faults {
        let is_known = found.iter().any(|known| {
            known.path == fault.path && known.line == fault.line && known.range == fault.range
        });
        if !is_known {
            let message = format!("{}, with the sample {sample}", fault.message);
            found.push(Fault { message, ..fault });
        }
    }
}

/// A message of every kind, and one of which everything that may be missing is.
pub(crate) fn samples() -> Vec<(&'static str, Message)> {
    vec![
        ("of an alert opened", samples::alerts::opened().into()),
        ("of an alert worsened", samples::alerts::worsened().into()),
        ("of an alert reminded", samples::alerts::reminded().into()),
        ("of an alert escalated", samples::alerts::escalated().into()),
        ("of an alert acknowledged", samples::alerts::acknowledged().into()),
        ("of an alert recovered", samples::alerts::recovered().into()),
        ("of an alert corrected", samples::alerts::corrected().into()),
        ("of an early alert", samples::alerts::early().into()),
        ("of an alert of which nothing is known", samples::alerts::bare().into()),
        ("of a notice", samples::overviews::notice().into()),
        ("of a report", samples::overviews::report().into()),
        ("of a digest without news", samples::overviews::digest().into()),
    ]
}

/// The sample of an alert's event.
pub fn sample(event: Event) -> Message {
    match event {
        Event::Opened => samples::alerts::opened(),
        Event::Worsened => samples::alerts::worsened(),
        Event::Reminded => samples::alerts::reminded(),
        Event::Escalated => samples::alerts::escalated(),
        Event::Acknowledged => samples::alerts::acknowledged(),
        Event::Recovered => samples::alerts::recovered(),
        Event::Corrected => samples::alerts::corrected(),
    }
    .into()
}

/// The sample of a message that is not about an alert.
pub fn sample_notice() -> Message {
    samples::overviews::notice().into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        mail::render,
        template,
        webhook_formats::{body::BodyRenderer, format::Format},
    };

    fn own(name: &str, text: &str) -> Template {
        Template { name: name.into(), path: format!("{name}.j2").into(), text: text.into() }
    }

    fn listed(faults: Vec<Fault>) -> Vec<String> {
        faults.iter().map(Fault::to_string).collect()
    }

    #[test]
    fn what_is_built_in_may_be_one_s_own() {
        let built_in: Vec<Template> =
            built_in().map(|(file, text)| own(file.trim_end_matches(".j2"), text)).collect();
        let look = MailRenderer::of(&built_in).unwrap();
        for (name, message) in samples() {
            let plain = MailRenderer::of(&[]).unwrap().mail(&message).unwrap();
            assert_eq!(look.mail(&message).unwrap(), plain, "{name}");
        }
        assert_eq!(listed(mails(&built_in).unwrap()), [""; 0]);
    }

    #[test]
    fn a_template_is_compiled_when_it_is_loaded_and_for_no_message() {
        // The built-in ones, if nobody has needed them yet.
        render::plain(&samples::alerts::opened().into()).unwrap();
        let compiled = || template::tests::COMPILED.with(std::cell::Cell::get);
        let before = compiled();
        let mails = MailRenderer::of(&[own("alert.txt", "{{ name }}")]).unwrap();
        let template = own("ops.json", "{\"text\": {{ subject }}}");
        let body = BodyTemplate { template, content_type: "application/json".to_owned() };
        let bodies = BodyRenderer::of(Format::Own(Arc::new(body)));
        assert_eq!(compiled() - before, 2);
        for (name, message) in samples() {
            mails.mail(&message).unwrap();
            render::bodies(kpid_language::english(), &message).unwrap();
            bodies.body(kpid_language::english(), &message, None).unwrap();
            for format in [Format::Slack, Format::Teams, Format::PagerDuty, Format::Alertmanager] {
                BodyRenderer::of(format).body(kpid_language::english(), &message, None).unwrap();
            }
            assert_eq!(compiled() - before, 2, "{name}");
        }
    }

    #[test]
    fn templates_are_tried_on_every_sample() {
        let templates = [
            own("alert.subject", "{{ name }}: {{ facts.event }}"),
            own("alert.txt", "{% include 'builtin/alert.txt' %}\n{{ facts.owner.name }}\n"),
            own("alert.html", "<p>{{ name }}</p>\n{% if %}"),
            own("notice.txt", "{{ sumary }}"),
        ];
        let found = listed(mails(&templates).unwrap());
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].starts_with("alert.html.j2:2: syntax error"), "{found:#?}");
        assert!(found[1].starts_with("alert.txt.j2:2: "), "{found:#?}");
        assert!(found[1].ends_with("with the sample of an alert of which nothing is known"));
        assert!(found[2].starts_with("notice.txt.j2:1: `sumary` is undefined"), "{found:#?}");
    }

    #[test]
    fn what_fails_is_made_as_built_in_and_told() {
        let templates = [
            own("alert.subject", "{{ name }}\n is {{ facts.status.to }}\n"),
            own("alert.txt", "{{ nothing }}"),
            own("alert.html", "<p>{{ reason }} &amp; {{ name }}</p>"),
        ];
        let message = samples::alerts::opened().into();
        let plain = MailRenderer::of(&[]).unwrap().mail(&message).unwrap().0;
        let (mail, faults) = MailRenderer::of(&templates).unwrap().mail(&message).unwrap();
        assert_eq!(mail.subject, "Customer is off_track");
        assert_eq!(mail.text, plain.text);
        let html = "<p>&quot;Deliver on promise&quot; (critical) is off track &amp; Customer</p>";
        assert_eq!(mail.html, html);
        assert_eq!(listed(faults), ["alert.txt.j2:1: `nothing` is undefined"]);
    }

    #[test]
    fn a_body_is_json_where_it_says_so() {
        let of = |content_type: &str, name: &str, text: &str| {
            let content_type = content_type.to_owned();
            listed(body(&BodyTemplate { template: own(name, text), content_type }))
        };
        let good = "{\"text\": {{ subject }}, \"stage\": {{ stage }}, \"facts\": {{ facts }}}";
        assert_eq!(of("application/json", "ops.json", good), [""; 0]);
        let bad = "{\"text\": {{ subject }}";
        assert!(
            of("application/json", "ops.json", bad)[0]
                .contains("not valid JSON: it ends too early")
        );
        assert!(
            of("a/b+json; charset=utf-8", "ops.json", bad)[0]
                .contains("not valid JSON: it ends too early")
        );
        assert_eq!(of("text/plain", "ops.txt", "{{ subject }} [{{ severity }}]"), [""; 0]);
        let missing = of("text/plain", "ops.txt", "{{ facts.node.name }}");
        assert!(missing[0].ends_with("with the sample of a notice"), "{missing:?}");
        assert_eq!(
            of("text/plain", "ops.txt", " \n")[0].split(", ").next(),
            Some("ops.txt.j2:1: it produces no text")
        );
        assert_ne!(template::version([&own("a", "b")]), template::version([&own("a", "c")]));
    }
}
