//! Receivers that take, refuse, redirect, are busy or silent.

use std::future;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use uuid::Uuid;

use super::*;
use kpid_message::{
    facts::alert::Facts, message::Message, samples, webhook_formats::format::Format,
};

/// For a receiver that answers, on however busy a machine.
const PATIENT: Duration = Duration::from_secs(60);

/// For a receiver that never will.
const IMPATIENT: Duration = Duration::from_millis(100);

const NOW: &str = "2026-06-03T06:00:05+02:00";

fn ops() -> Id {
    Id::parse("ops").unwrap()
}

fn delivery<'a>(channel: &'a Id, message: &'a Message) -> Delivery<'a> {
    Delivery {
        id: Uuid::nil(),
        channel,
        recipient: "ops",
        language: kpid_language::english(),
        message,
        link: None,
    }
}

/// What came of one post to a receiver that answers every request with `answer`, and the
/// requests it saw.
async fn post(answer: &str) -> (Result<(), SendError>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/kpid", listener.local_addr().unwrap()).parse().unwrap();
    let secret = Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into());
    let previous = None;
    let hook = WebhookClient::open_within(
        &Webhook { url, secret, previous, format: Format::Generic, allow_private: false },
        PATIENT,
    )
    .unwrap();
    let (message, now) = (samples::alerts::opened().into(), samples::parts::at(NOW).to_utc());
    let channel = ops();
    let mut seen = Vec::new();
    let result = tokio::select! {
        result = hook.post(delivery(&channel, &message), now) => result,
        () = receive(listener, answer, &mut seen) => unreachable!("the receiver goes on"),
    };
    (result, seen)
}

async fn receive(listener: TcpListener, answer: &str, seen: &mut Vec<String>) {
    let mut open = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !String::from_utf8_lossy(&request).ends_with("}") {
            stream.read_buf(&mut request).await.unwrap();
        }
        seen.push(String::from_utf8(request).unwrap());
        stream.write_all(answer.as_bytes()).await.unwrap();
        open.push(stream);
    }
}

#[tokio::test]
async fn the_answer_says_what_becomes_of_a_delivery() {
    let (result, seen) = post("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!((result, seen.len()), (Ok(()), 1));
    let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(
        post(busy).await.0,
        Err(SendError::Retry {
            after: Some(Duration::from_secs(30)),
            message: "127.0.0.1 answered 429 Too Many Requests".to_owned(),
        })
    );
    let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\nno\r\n such";
    assert_eq!(
        post(refusal).await.0,
        Err(SendError::GiveUp {
            message: "127.0.0.1 answered 400 Bad Request: no such".to_owned(),
        })
    );
}

#[tokio::test]
async fn any_good_status_is_good() {
    for status in ["200 OK", "201 Created", "202 Accepted", "204 No Content"] {
        let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n");
        assert_eq!(post(&answer).await.0, Ok(()), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere =
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let (result, seen) = post(elsewhere).await;
    assert!(matches!(result, Err(SendError::GiveUp { .. })), "{result:?}");
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let flood = format!(
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 99999999\r\n\r\n{}",
        "x".repeat(1 << 16)
    );
    let Err(SendError::Retry { message, .. }) = post(&flood).await.0 else {
        panic!("a broken receiver is tried again");
    };
    assert!(message.ends_with(&"x".repeat(answer::WORDS_CHARS_MAX)), "{message}");
    assert!(message.len() < 2 * answer::WORDS_CHARS_MAX, "{message}");
}

#[tokio::test]
async fn a_silent_receiver_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: PrivateUrl =
        format!("http://{}/token", listener.local_addr().unwrap()).parse().unwrap();
    let hook = WebhookClient::open_within(
        &Webhook {
            url,
            secret: None,
            previous: None,
            format: Format::Generic,
            allow_private: false,
        },
        IMPATIENT,
    )
    .unwrap();
    let (message, now) = (samples::alerts::opened().into(), samples::parts::at(NOW).to_utc());
    let channel = ops();
    let accept_only = async {
        let _held = listener.accept().await.unwrap();
        future::pending::<()>().await;
    };
    let result = tokio::select! {
        result = hook.post(delivery(&channel, &message), now) => result,
        () = accept_only => unreachable!("the receiver goes on"),
    };
    let Err(SendError::Unreachable { message }) = result else { panic!("{result:?}") };
    assert!(!message.contains("token"), "a path may be a secret: {message}");
}

#[tokio::test]
async fn a_request_carries_id_time_signature_and_the_facts() {
    let (_, seen) = post("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    let header =
        |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
    assert!(head.starts_with("POST /kpid HTTP/1.1"));
    assert_eq!(header("webhook-id"), "00000000-0000-0000-0000-000000000000");
    assert_eq!(header("webhook-timestamp"), "1780459205");
    let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signature = key.sign(header("webhook-id"), header("webhook-timestamp"), body.as_bytes());
    assert_eq!(header("webhook-signature"), signature);
    assert_eq!(serde_json::from_str::<Facts>(body).unwrap(), samples::alerts::opened());
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    insta::assert_snapshot!("body", serde_json::to_string_pretty(&body).unwrap());
}

#[test]
fn keys_are_there_even_when_values_are_not() {
    let keys = |facts: &Facts| -> Vec<String> {
        let value = serde_json::to_value(facts).unwrap();
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&samples::alerts::bare()), keys(&samples::alerts::opened()));
}

#[tokio::test]
async fn both_secrets_sign_while_the_new_one_comes_into_use() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/kpid", listener.local_addr().unwrap()).parse().unwrap();
    let secret = |text: &str| Some(text.to_owned().into());
    let hook = Webhook {
        url,
        secret: secret("new"),
        previous: secret("old"),
        format: Format::Generic,
        allow_private: false,
    };
    let hook = WebhookClient::open_within(&hook, PATIENT).unwrap();
    let (message, now) = (samples::alerts::opened().into(), samples::parts::at(NOW).to_utc());
    let channel = ops();
    let mut seen = Vec::new();
    tokio::select! {
        result = hook.post(delivery(&channel, &message), now) => result.unwrap(),
        () = receive(listener, "HTTP/1.1 204 No Content\r\n\r\n", &mut seen) => {}
    }
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap().to_owned()
    };
    let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
    let by = |key: &str| Key::parse(key).unwrap().sign(&id, &time, body.as_bytes());
    assert_eq!(header("webhook-signature"), format!("{} {}", by("new"), by("old")));
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_words_with_what_to_look_at() {
    let said = async |answer: Option<&str>| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap()).parse().unwrap();
        let (secret, previous) = (None, None);
        let webhook =
            Webhook { url, secret, previous, format: Format::Generic, allow_private: false };
        let client = WebhookClient::open_within(&webhook, PATIENT).unwrap();
        let (message, now) = (samples::alerts::opened().into(), samples::parts::at(NOW).to_utc());
        let channel = ops();
        let answer_all = async {
            let Some(answer) = answer else {
                drop(listener);
                return future::pending().await;
            };
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.read_buf(&mut Vec::new()).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let posted = tokio::select! {
            biased;
            () = answer_all => unreachable!("the receiver goes on"),
            posted = client.post(delivery(&channel, &message), now) => posted,
        };
        posted.unwrap_err().to_string()
    };
    let nobody = "cannot reach 127.0.0.1: nothing accepts connections there; check `url`, and that \
                  it is running";
    assert_eq!(said(None).await, nobody);
    let closed = "cannot reach 127.0.0.1: it closed the connection before it answered";
    assert_eq!(said(Some("")).await, closed);
    let mail = "cannot reach 127.0.0.1: its answer is not HTTP; check `url`";
    assert_eq!(said(Some("220 mail.internal ESMTP\r\n")).await, mail);
}
