//! Clients that subscribe to events, fast and slow ones.

use std::collections::BTreeMap;

use super::*;
use crate::library::passed_over::PassedOver;
use crate::pipeline::event::{Check, Event};

#[test]
fn a_subscriber_is_told_what_happens_until_it_leaves() {
    let served = Served::start();
    let mut events = served.face().subscribe().unwrap();
    served.feed.publish(&Event::Scanned {
        films: 1,
        stopped: BTreeMap::new(),
        passed_over: PassedOver::default(),
    });
    served.feed.publish(&Event::Judging { job: "7".into(), check: Check::Contract });
    assert_eq!(
        events.next().unwrap().unwrap(),
        EventDocument::Scanned { films: 1, stopped: BTreeMap::new(), ignored: BTreeMap::new(), links: 0 }
    );
    assert_eq!(
        events.next().unwrap().unwrap(),
        EventDocument::Judging { job: "7".into(), check: "contract".into() }
    );
    drop(events);
    served.wait_for_subscribers(0);
    let events = served.face().subscribe().unwrap();
    drop(served);
    assert_eq!(events.count(), 0, "the daemon's end is the end of the events");
}

#[test]
fn a_subscriber_that_is_too_slow_holds_nobody_up_and_is_told_what_it_missed() {
    let served = Served::with(Feed::with_backlog(16), |_| ());
    let mut slow = served.greeted();
    slow.get_mut().write_all(b"{\"request\":\"subscribe\"}\n").unwrap();
    read(&mut slow);
    let mut quick = served.face().subscribe().unwrap();
    // Far more than the kernel buffers for a client that doesn't read.
    let long = "x".repeat(1000);
    let told: u64 = 5000;
    for number in 0..told {
        let message = format!("{number} {long}");
        served.feed.publish(&Event::Warning { path: "/f".into(), message });
        // The fast client receives everything, though the slow one doesn't read.
        match quick.next().unwrap().unwrap() {
            EventDocument::Warning { message, .. } => assert!(message.starts_with(&format!("{number} "))),
            other => panic!("{other:?}"),
        }
    }
    served.is_well();
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < told {
        match serde_json::from_str(&read(&mut slow)).unwrap() {
            EventDocument::Warning { .. } => seen += 1,
            EventDocument::Lagged { missed: more } => missed += more,
            other => panic!("{other:?}"),
        }
    }
    assert!(missed > 0, "all {seen} fitted the buffers");
    assert_eq!(seen + missed, told, "nothing is lost without a word");
}

#[test]
fn a_client_that_never_reads_is_dropped() {
    let served = Served::with(Feed::with_backlog(16), |limits| limits.unread = Duration::from_millis(50));
    let mut client = served.greeted();
    client.get_mut().write_all(b"{\"request\":\"subscribe\"}\n").unwrap();
    served.wait_for_subscribers(1);
    let long = "x".repeat(100_000);
    let deadline = Instant::now() + Duration::from_secs(20);
    while served.feed.subscribers() > 0 {
        served.feed.publish(&Event::Warning { path: "/f".into(), message: long.clone() });
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
    // The same goes for a client that only sends requests and never reads the replies.
    let mut client = served.greeted();
    client.get_mut().set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let error = loop {
        if let Err(error) = client.get_mut().write_all(b"{\"request\":\"scan\"}\n") {
            break error;
        }
    };
    assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "it hangs up rather than waits for ever");
    served.is_well();
}

#[test]
fn a_subscriber_is_not_listened_to() {
    let served = Served::start();
    let mut client = served.greeted();
    client.get_mut().write_all(b"{\"request\":\"subscribe\"}\n").unwrap();
    read(&mut client);
    client.get_mut().write_all(&b"{\"request\":\"scan\"}\n".repeat(10_000)).unwrap();
    served.feed.publish(&Event::Scanned {
        films: 1,
        stopped: BTreeMap::new(),
        passed_over: PassedOver::default(),
    });
    assert_eq!(read(&mut client), "{\"event\":\"scanned\",\"films\":1}\n");
    assert_eq!(served.calls.load(Ordering::Relaxed), 0);
}

#[test]
fn who_waits_for_events_is_hung_up_on_from_another_thread() {
    let served = Served::start();
    let events = served.face().subscribe().unwrap();
    let hang_up = events.hang_up().unwrap();
    let waiting = std::thread::spawn(move || events.flatten().count());
    drop(hang_up);
    assert_eq!(waiting.join().unwrap(), 0);
    served.wait_for_subscribers(0);
}
