use std::io::ErrorKind;
use std::net::Ipv4Addr;

use tokio::net::{TcpStream, UnixStream};

use super::*;

async fn anywhere(listeners: &Listeners) -> (Listening<TcpListener>, SocketAddr) {
    let free = listeners.tcp((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let address = free.local_addr().expect("bound");
    drop(free);
    (listeners.tcp(address).expect("free again"), address)
}

#[tokio::test]
async fn a_successor_accepts_from_the_same_socket_without_a_gap() {
    let old = Listeners::default();
    let new = old.for_another();
    let (former, address) = anywhere(&old).await;
    // In the queue of the socket when its owner goes.
    let _waiting = TcpStream::connect(address).await.expect("listening");

    old.leave(true);
    let successor = new.tcp(address).expect("handed on");
    drop(former);

    successor.accept().await.expect("the connection that waited");
    let _another = TcpStream::connect(address).await.expect("still listening");
    successor.accept().await.expect("a new one");
}

#[tokio::test]
async fn two_components_that_stay_cannot_share_an_address() {
    let first = Listeners::default();
    let second = first.for_another();
    let (_held, address) = anywhere(&first).await;

    assert_eq!(second.tcp(address).expect_err("in use").kind(), ErrorKind::AddrInUse);

    first.leave(true);
    let _handed_on = second.tcp(address).expect("its owner goes");
    let third = second.for_another();
    assert_eq!(third.tcp(address).expect_err("the heir stays").kind(), ErrorKind::AddrInUse);
}

#[tokio::test]
async fn the_file_of_a_unix_socket_goes_with_its_last_user() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let old = Listeners::default();
    let new = old.for_another();
    let former = old.unix(&path).expect("free");

    old.leave(true);
    let successor = new.unix(&path).expect("handed on");
    drop(former);
    let _client = UnixStream::connect(&path).await.expect("still there");

    drop(successor);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_of_another_kind_that_somebody_has_is_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let held = std::os::unix::net::UnixDatagram::bind(&path).expect("free");

    assert_eq!(Listeners::default().unix(&path).expect_err("in use").kind(), ErrorKind::AddrInUse);
    held.send_to(b"still there", &path).expect("its file is");

    drop(held);
    let _listening = Listeners::default().unix(&path).expect("nobody has it any more");
}

#[tokio::test]
async fn an_address_that_overlaps_with_one_that_is_left_is_bound_beside_it() {
    let old = Listeners::default();
    let new = old.for_another();
    let (former, address) = anywhere(&old).await;
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
    assert_eq!(new.tcp(everywhere).expect_err("in use").kind(), ErrorKind::AddrInUse);

    old.leave(true);
    let successor = new.tcp(everywhere).expect("the other one goes");
    let _client = TcpStream::connect(address).await.expect("listening");
    former.accept().await.expect("the more specific one is asked first");

    drop(former);
    let _client = TcpStream::connect(address).await.expect("still listening");
    successor.accept().await.expect("it serves all addresses");
    let stranger = Listeners::default().tcp(address).expect_err("sharing is over");
    assert_eq!(stranger.kind(), ErrorKind::AddrInUse);
}
