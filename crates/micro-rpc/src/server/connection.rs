//! One connection: a [lane](crate::lane), or HTTP/2 and the calls on it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::waiting::Waiting;
use super::{Server, lane};
use crate::Error;
use crate::gather::Gather;
use crate::lane::HELLO;

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) async fn serve(server: Server, mut stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    let limits = server.0.limits;
    match tokio::time::timeout(limits.handshake, spoken(&stream)).await {
        Ok(Some(Spoken::Http2)) => {}
        Ok(Some(Spoken::Lane)) => return Box::pin(lane::serve(server, stream, stopped)).await,
        _ => return Box::pin(refuse(&server, &mut stream)).await,
    }
    let handshake = h2::server::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.headers)
        .handshake::<_, Bytes>(stream);
    let Ok(Ok(mut connection)) = tokio::time::timeout(limits.handshake, handshake).await else {
        return;
    };
    let mut draining = *stopped.borrow();
    if draining {
        connection.graceful_shutdown();
    }
    let mut gather = Gather::default();
    let mut waiting = Waiting::new();
    let mut together = 0;
    // Each answer under way holds a share.
    let share = Arc::new(());
    let calls = || Arc::strong_count(&share) - 1;
    loop {
        let some_wait = !waiting.is_empty();
        let accepted =
            poll_fn(
                |cx| match gather.poll(calls() + together, cx, |cx| connection.poll_accept(cx)) {
                    Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                    Poll::Pending if some_wait => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                },
            );
        let queued = waiting.line.queued();
        tokio::select! {
            () = queued.begun(), if waiting.line.is_long() => waiting.line.follow(),
            accepted = accepted => match accepted {
                Some(Some(Ok((request, respond)))) => waiting.add(&server, request, respond, share.clone()),
                Some(Some(Err(error))) => {
                    tracing::debug!(%error, "connection broke");
                    return;
                }
                Some(None) => return,
                // All that came together is here.
                None => together = waiting.answer(&server),
            },
            _ = stopped.changed(), if !draining => {
                draining = true;
                connection.graceful_shutdown();
            }
        }
    }
}

/// What a connection begins as.
enum Spoken {
    Http2,
    Lane,
}

/// `None` for what is neither.
async fn spoken(stream: &TcpStream) -> Option<Spoken> {
    let mut seen = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut seen).await.ok().filter(|length| *length > 0)?;
        let begins = |with: &[u8; PREFACE.len()]| seen[..length] == with[..length];
        match length == PREFACE.len() {
            true if begins(PREFACE) => return Some(Spoken::Http2),
            true if begins(&HELLO) => return Some(Spoken::Lane),
            false if begins(PREFACE) || begins(&HELLO) => {}
            _ => return None,
        }
        match stream.ready(tokio::io::Interest::READABLE).await {
            // Some of it is here; a peek does not wait for more, and more may never come.
            Ok(ready) if !ready.is_read_closed() => {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            _ => return None,
        }
    }
}

/// Tells an HTTP/1.1 client what speaks here, in words it can show.
async fn refuse(server: &Server, stream: &mut TcpStream) {
    let detail =
        "this address speaks gRPC (HTTP/2 with prior knowledge); HTTP/1.1 and JSON go to the gateway";
    let body = Error::bad_request(&*server.0.name, detail).to_json();
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    let _ = tokio::time::timeout(server.0.limits.handshake, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What the client still sends is read, so that closing does not reset the answer away.
        let mut rest = [0; 4096];
        for _ in 0..256 {
            stream.readable().await?;
            match stream.try_read(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok::<_, std::io::Error>(())
    })
    .await;
}
