//! A server that keeps to the protocol but sends any messages that a test wants. The real server
//! removes characters that could act on a terminal from the lines that it passes on; a hostile one
//! does not.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use native::clock::Clock;
use shared::connection::{Event, ServerConfig, ServerConnection};
use shared::identity::PrivateKey;

/// Starts a server that sends `messages` to each client once its handshake is done.
pub(crate) fn puppet(messages: &[&[u8]]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let key = PrivateKey::generate(2048, &mut native::random()).unwrap();
    let messages: Vec<_> = messages.iter().map(|message| message.to_vec()).collect();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that only learns the key may end at any moment.
            let _ = serve(stream.unwrap(), &key, &messages);
        }
    });
    address.to_string()
}

fn serve(mut stream: TcpStream, key: &PrivateKey, messages: &[Vec<u8>]) -> io::Result<()> {
    let clock = Clock::start();
    let config = Arc::new(ServerConfig::new(key.public_key().clone()));
    let mut connection = ServerConnection::new(config, native::random(), clock.now());
    let mut buffer = [0; 4096];
    loop {
        let mut closed = false;
        while let Some(event) = connection.poll_event() {
            let now = clock.now();
            match event {
                Event::PrivateKey(request) => {
                    let answer = request.answer(key, &mut native::random());
                    connection.handle_private_key(answer, now);
                }
                Event::Established { .. } => {
                    for message in messages {
                        connection.send(message, now).unwrap();
                    }
                }
                Event::Closed(_) => {
                    connection.finish(now);
                    closed = true;
                }
                _ => {}
            }
        }
        while let Some(bytes) = connection.poll_transmit() {
            stream.write_all(&bytes)?;
        }
        if closed {
            return stream.shutdown(Shutdown::Write);
        }
        match stream.read(&mut buffer)? {
            0 => connection.handle_eof(),
            length => connection.handle_bytes(&buffer[..length], clock.now()),
        }
    }
}
