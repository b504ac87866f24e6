//! A proxy before an HTTP server that makes faults on the way: it answers for the server, not at all, or damages what the
//! server says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Nothing.
    None,
    /// No answer comes.
    Silence,
    /// The server is said to be unavailable, always.
    Unavailable,
    /// It is said to be unavailable every third time.
    NowAndThen,
    /// Contents end in their middle.
    Truncation,
    /// A byte of each content is another.
    Corruption,
    /// Of the request of this number, from 0, the server gets half of the content; it gets nothing of those after it, and no
    /// answer comes.
    CutOff(usize),
}

/// A proxy, which serves as long as the process lives.
pub struct FaultProxy {
    /// Where it listens.
    pub address: SocketAddr,
    /// Requests so far.
    pub requests: Arc<AtomicUsize>,
}

impl FaultProxy {
    /// Starts one before the server at `server`.
    pub fn start(server: SocketAddr, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let count = count.clone();
                // A connection that breaks is what the client is to cope with.
                std::thread::spawn(move || drop(serve(client, server, fault, &count)));
            }
        });
        Self { address, requests }
    }
}

/// Passes requests and answers on, one after another, as long as both sides stay.
fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    fault: Fault,
    count: &AtomicUsize,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    loop {
        let Some((head, body)) = message(&mut client, false)? else {
            return Ok(());
        };
        let number = count.fetch_add(1, Ordering::SeqCst);
        match fault {
            Fault::Silence => {
                // Until the client has enough.
                let _ = client.read(&mut [0]);
                return Ok(());
            }
            Fault::CutOff(first) if number >= first => {
                if number == first && !body.is_empty() {
                    server.write_all(&head)?;
                    server.write_all(&body[..body.len() / 2])?;
                }
                let _ = client.read(&mut [0]);
                return Ok(());
            }
            Fault::Unavailable => return unavailable(&mut client),
            Fault::NowAndThen if number % 3 == 1 => return unavailable(&mut client),
            _ => {}
        }
        server.write_all(&head)?;
        server.write_all(&body)?;
        let is_head = head.starts_with(b"HEAD ");
        let Some((head, mut body)) = message(&mut server, is_head)? else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
        // Lists and errors are XML; contents are not.
        let is_content = !body.is_empty() && !text.contains("xml") && !body.starts_with(b"<");
        client.write_all(&head)?;
        match fault {
            Fault::Truncation if is_content => {
                client.write_all(&body[..body.len() / 2])?;
                return client.shutdown(Shutdown::Both);
            }
            Fault::Corruption if is_content => {
                let middle = body.len() / 2;
                body[middle] ^= 1;
            }
            _ => {}
        }
        client.write_all(&body)?;
    }
}

fn unavailable(client: &mut TcpStream) -> std::io::Result<()> {
    client.write_all(
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )?;
    client.shutdown(Shutdown::Both)
}

/// The head and the body of the next message, as they are on the wire; none where the other side has left.
fn message(from: &mut TcpStream, has_no_body: bool) -> std::io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if from.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let value = |name: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
    };
    let mut body = Vec::new();
    if has_no_body || text.starts_with("http/1.1 204") || text.starts_with("http/1.1 304") {
        return Ok(Some((head, body)));
    }
    if let Some(length) = value("content-length:") {
        body = vec![0; length.parse().unwrap()];
        from.read_exact(&mut body)?;
    } else if value("transfer-encoding:").is_some() {
        while !body.ends_with(b"0\r\n\r\n") {
            if from.read(&mut byte)? == 0 {
                break;
            }
            body.push(byte[0]);
        }
    }
    Ok(Some((head, body)))
}
