//! A mail server that counts what it takes, and a client that sends as fast as one connection goes.

use std::{cell::RefCell, net::SocketAddr, rc::Rc};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::peer_state::{PeerState, now};

/// Bytes of a mail of the bare loop; kpid's are about as long.
const MAIL_BYTES: usize = 10_000;

pub(crate) async fn serve(listener: TcpListener, state: Rc<RefCell<PeerState>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let state = Rc::clone(&state);
        // Whoever hangs up in the middle is no concern of the server.
        tokio::task::spawn_local(async move { drop(converse(stream, &state).await) });
    }
}

async fn converse(stream: TcpStream, state: &RefCell<PeerState>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    stream.write_all(b"220 sink\r\n").await?;
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_slice() {
            b"DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                loop {
                    line.clear();
                    if stream.read_until(b'\n', &mut line).await? == 0 {
                        return Ok(());
                    }
                    if line == b".\r\n" {
                        break;
                    }
                }
                let mut state = state.borrow_mut();
                state.seen.mails += 1;
                state.seen.mail_at = now();
                b"250 kept\r\n"
            }
            b"QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => b"250 sink\r\n",
        };
        stream.write_all(answer).await?;
    }
}

/// Sends as many mails over one connection.
pub(crate) async fn send(address: SocketAddr, count: usize) {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    let line = format!("{}\r\n", "x".repeat(70));
    let text = format!("Subject: load\r\n\r\n{}.\r\n", line.repeat(MAIL_BYTES / line.len()));
    expect(&mut stream, "220").await;
    say(&mut stream, "EHLO load.example\r\n", "250").await;
    for _ in 0..count {
        say(&mut stream, "MAIL FROM:<kpid@acme.example>\r\n", "250").await;
        say(&mut stream, "RCPT TO:<ines@acme.example>\r\n", "250").await;
        say(&mut stream, "DATA\r\n", "354").await;
        say(&mut stream, &text, "250").await;
    }
}

async fn say(stream: &mut BufReader<TcpStream>, words: &str, answer: &str) {
    stream.write_all(words.as_bytes()).await.unwrap();
    expect(stream, answer).await;
}

async fn expect(stream: &mut BufReader<TcpStream>, answer: &str) {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    assert!(line.starts_with(answer), "the mail server answers {line}");
}
