//! HTTP APIs as sources, against an origin that misbehaves.

use chrono_tz::Europe::Amsterdam;
use std::{net::SocketAddr, time::Duration};

use kpid_rules::series::ReadingKind;
use kpid_sources::{
    Connection,
    connections::Connections,
    http::{Auth, Endpoint},
};
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    asking::{ask, id, open, value_at, words},
    world::WITHIN,
};

const TOKEN: &str = "s3cr3t-token";

/// More than is read of an answer.
const BODY_BYTES_MAX: usize = 10_000;

/// Answers by path, each connection once.
async fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

async fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap().trim_start_matches("/api/").to_owned();
    let json = |body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{body}"
        )
    };
    let moved = |to: &str| {
        format!(
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let text = match target.as_str() {
        "value" => json(r#"{"v": 41.5}"#),
        "window?k=2026-05&s=2026-04-30T22%3A00%3A00Z" => json(r#"{"v": 1}"#),
        "null" => json(r#"{"v": null}"#),
        "missing" => json("{}"),
        "nothing" => json("[]"),
        "text" => json(r#"{"v": "7"}"#),
        "word" => json(r#"{"v": "n/a"}"#),
        "object" => json(r#"{"v": {}}"#),
        "empty" => json(""),
        "html" => {
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<h1>Log in</h1>"
                .into()
        }
        "latin" => json("{\"v\": \"\u{fffd}\", x}"),
        "echo" => format!("HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\n\r\n{head}"),
        "cut" => {
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{\"v\":".into()
        }
        "loop" => moved("loop"),
        "away" => moved("http://elsewhere.example/?token=abc"),
        "moved" => moved("value"),
        "auth" if head.contains(&format!("Bearer {TOKEN}")) => json(r#"{"v": 1}"#),
        "hang" => return std::future::pending().await,
        "flood" => json(&"[".repeat(100 * BODY_BYTES_MAX)),
        "slow" => {
            let _ = stream.write_all(json("").as_bytes()).await;
            let mut pause = tokio::time::interval(Duration::from_millis(50));
            while stream.write_all(b" ").await.is_ok() {
                pause.tick().await;
            }
            return;
        }
        _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into(),
    };
    let _ = stream.write_all(text.as_bytes()).await;
}

/// Where an answer is waited for until it is there, however busy the machine.
fn endpoint(address: SocketAddr) -> Connections {
    endpoint_within(address, WITHIN)
}

fn endpoint_within(address: SocketAddr, timeout: Duration) -> Connections {
    open(Connection::Http(Box::new(Endpoint {
        base_url: format!("http://{address}/api").parse().unwrap(),
        auth: Auth::Bearer(SecretString::from(TOKEN)),
        timeout,
        body_bytes_max: BODY_BYTES_MAX,
        concurrent_max: 4,
        per_minute_max: None,
        headers: HeaderMap::new(),
        authority: None,
        identity: None,
        proxy: None,
    })))
}

async fn get(connections: &Connections, path: &str) -> String {
    let at = if path == "nothing" { "$[*].v" } else { "$.v" };
    let request = value_at(path, at);
    words(&ask(connections, ReadingKind::Value, request).await)
}

#[tokio::test]
async fn an_answer_is_a_value_null_or_nothing() {
    let connections = endpoint(origin().await);
    for (path, expected) in [
        ("value", "41.5"),
        ("/value", "41.5"),
        ("window?k={period_key}&s={period_start}", "1"),
        ("null", "null"),
        ("nothing", "no rows"),
        ("text", "7"),
        ("moved", "41.5"),
        ("auth", "1"),
    ] {
        assert_eq!(get(&connections, path).await, expected, "{path}");
    }
    connections.probe(&id(), Amsterdam).await.unwrap();
}

#[tokio::test]
async fn whatever_else_comes_is_an_error_that_says_what() {
    let connections = endpoint(origin().await);
    for (path, part) in [
        ("missing", "has nothing at `$.v`"),
        ("word", "is the text \"n/a\""),
        ("object", "is an object"),
        ("empty", "empty body (application/json)"),
        ("html", "text/html that is not JSON"),
        ("latin", "not JSON"),
        ("echo", "answered 500 Internal Server Error: \"GET /api/echo"),
        ("nowhere", "answered 404 Not Found; check `base_url` and the path"),
        ("cut", "broke off"),
        ("loop", "redirects more than 5 times"),
        ("away", "redirects to http://elsewhere.example, which is not followed"),
        ("flood", "more than 10000 bytes"),
    ] {
        let found = get(&connections, path).await;
        assert!(found.starts_with("`erp`: GET http://127.0.0.1:"), "{found}");
        assert!(found.contains(part), "{path}: {found}");
        assert!(!found.contains(TOKEN) && !found.contains("abc"), "{found}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_an_error_that_names_the_time() {
    let connections = endpoint_within(origin().await, Duration::from_millis(200));
    for path in ["hang", "slow"] {
        let found = get(&connections, path).await;
        assert!(found.starts_with("`erp`: GET http://127.0.0.1:"), "{found}");
        assert!(found.contains("no answer within 200ms"), "{path}: {found}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_by_its_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let found = get(&endpoint(address), "value").await;
    assert!(found.contains("cannot connect: Connection refused"), "{found}");
}
