//! Bad lines: cut, stalled, gone. What was stored stays, what was not is fetched again, nothing comes twice.

use std::time::{Duration, Instant, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::servers::{Dovecot, Proxy, eventually, sample};
use crate::{House, account, fetch_stubbornly, kind, mailbox, wait_for};

fn full(dovecot: &Dovecot, count: usize) {
    let mails: Vec<_> = (0..count).map(|number| sample(number, 3000)).collect();
    dovecot.drop_in("dpo", "INBOX", SystemTime::now(), mails.iter().map(Vec::as_slice));
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_a_line_cut_at_any_byte_loses_and_doubles_nothing() {
    let dovecot = Dovecot::start();
    full(&dovecot, 60);
    let proxy = Proxy::start(dovecot.imap);
    let mut imap = account(&dovecot, "keep");
    imap.security = rightsd::config::Security::Plaintext;
    imap.port = Some(proxy.port);
    // The whole talk is about 190,000 bytes; the cuts fall into greeting, login, list, mails and their ends.
    for cut in (0..4_000).step_by(211).chain((4_000..195_000).step_by(9_001)) {
        let house = House::new().await;
        let source = house.source(mailbox(Some(imap.clone()), None));
        proxy.cut_after(cut);
        let first = source.fetch_once().await;
        proxy.heal();
        let whole = first.is_ok();
        let stored = house.count().await;
        let (rest, broken) = fetch_stubbornly(&source).await;
        assert_eq!(broken, 0);
        assert_eq!(house.count().await, 60, "cut after {cut} bytes");
        assert_eq!(rest.new as u64, 60 - stored, "cut after {cut} bytes");
        assert_eq!((rest.gone, rest.unreadable, rest.twins), (0, 0, 0), "cut after {cut} bytes");
        assert!(whole || first.is_err_and(|error| error.is_transient()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_a_line_that_breaks_again_and_again_gets_everything_through() {
    let dovecot = Dovecot::start();
    full(&dovecot, 400);
    let house = House::new().await;
    let proxy = Proxy::start(dovecot.imaps);
    let mut imap = account(&dovecot, "keep");
    imap.port = Some(proxy.port);
    let stop = CancellationToken::new();
    let running = tokio::spawn(house.source(mailbox(Some(imap), None)).watch(stop.clone()));
    let until = Instant::now() + Duration::from_secs(60);
    while house.count().await < 400 {
        // Enough for a greeting and a few dozen mails.
        proxy.cut_after(150_000);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(Instant::now() < until, "only {} mails came", house.count().await);
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(house.ends().await.get("new"), Some(&400), "{:?}", house.ends().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_silence_is_found_at_each_step() {
    let dovecot = Dovecot::start();
    full(&dovecot, 30);
    let house = House::new().await;
    let proxy = Proxy::start(dovecot.imaps);
    let mut imap = account(&dovecot, "keep");
    imap.port = Some(proxy.port);
    let mut source = house.source(mailbox(Some(imap), None));
    (source.deadlines.silence, source.deadlines.step) =
        (Duration::from_millis(150), Duration::from_millis(300));
    // In TLS, at the greeting, at login, in the list, in the mails.
    for bytes in [0, 10, 700, 1300, 1800, 2200, 5000, 40_000] {
        proxy.stall_after(bytes);
        assert_eq!(kind(source.fetch_once().await), "deadline", "silent after {bytes} bytes");
        proxy.heal();
    }
    let stored = house.count().await;
    (source.deadlines.silence, source.deadlines.step) = (Duration::from_secs(5), Duration::from_secs(5));
    assert_eq!(source.fetch_once().await.unwrap().new as u64, 30 - stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_a_line_that_dies_while_idle_is_found_and_made_anew() {
    let dovecot = Dovecot::start();
    full(&dovecot, 1);
    let house = House::new().await;
    let proxy = Proxy::start(dovecot.imaps);
    let mut imap = account(&dovecot, "keep");
    imap.port = Some(proxy.port);
    let mut source = house.source(mailbox(Some(imap), None));
    (source.deadlines.idle, source.deadlines.step) = (Duration::from_millis(300), Duration::from_millis(500));
    let stop = CancellationToken::new();
    let running = tokio::spawn(source.watch(stop.clone()));
    for mails in 1..4 {
        wait_for(&house, mails).await;
        let before = proxy.connections();
        proxy.stall();
        eventually("the dead line was found", 20, || proxy.connections() > before);
        proxy.heal();
        dovecot.save("dpo", "INBOX", &sample(usize::try_from(mails).unwrap(), 400));
    }
    wait_for(&house, 4).await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r13_a_sick_mailbox_delays_no_other() {
    let dovecot = Dovecot::start();
    full(&dovecot, 5);
    let house = House::new().await;
    let proxy = Proxy::start(dovecot.imaps);
    proxy.stall();
    let mut sick = account(&dovecot, "keep");
    sick.port = Some(proxy.port);
    let mut sick = house.source(mailbox(Some(sick), None));
    sick.mailbox.name = "sick".to_owned();
    let stop = CancellationToken::new();
    let running = [
        tokio::spawn(sick.watch(stop.clone())),
        tokio::spawn(house.source(mailbox(Some(account(&dovecot, "keep")), None)).watch(stop.clone())),
    ];
    let until = Instant::now() + Duration::from_secs(4);
    while house.count().await < 5 {
        assert!(Instant::now() < until, "the healthy mailbox waits");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    for task in running {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_told_and_waited_for() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    let mut imap = account(&dovecot, "keep");
    imap.port = Some(crate::servers::free_port());
    let error = house.source(mailbox(Some(imap.clone()), None)).fetch_once().await.unwrap_err();
    assert_eq!(error.to_string(), "the server cannot be reached: connection refused");
    assert!(error.is_transient());
    imap.host = "no-such-host.invalid".to_owned();
    assert_eq!(kind(house.source(mailbox(Some(imap), None)).fetch_once().await), "unreachable");
}
