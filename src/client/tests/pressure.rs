//! Many requests to a server that allows little, or whose tokens end: none of them fails.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};

use super::server::{EPOCH_SECONDS, Log, Reply, Server, TestClock, answer, json, options, portal, until};
use crate::client::{Client, Clock, Error, Kind, Options};

/// Answers within a limit of 5 requests a second, with bursts of 5, and 429 above it.
fn five_a_second(clock: Arc<TestClock>, refused: impl Fn() -> Reply + Send) -> impl FnMut() -> Option<Reply> + Send {
    let (mut tokens, mut at) = (5.0, clock.now());
    move || {
        let now = clock.now();
        tokens = f64::min(5.0, tokens + now.duration_since(at).as_secs_f64() * 5.0);
        at = now;
        if tokens < 1.0 {
            return Some(refused());
        }
        tokens -= 1.0;
        None
    }
}

/// Sends reads and writes, as many as asked, all at once.
async fn send_all(client: &Client, reads: usize, writes: usize) -> Vec<Result<(), Error>> {
    let (reader, portal) = (&client.reader(), &portal());
    let changer = &client.writer();
    let reads = (0..reads).map(|_| async move { reader.asset(portal, "g", "a").await.map(drop) });
    let writes = (0..writes).map(|number| async move { changer.enable_user(portal, &number.to_string()).await });
    let (mut all, more) = join(join_all(reads), join_all(writes)).await;
    all.extend(more);
    all
}

fn asset() -> Reply {
    json(r#"{"groupId":"g","assetId":"a"}"#)
}

#[tokio::test]
async fn no_request_fails_where_five_a_second_are_allowed() {
    for retry_after in [None, Some("1")] {
        let clock = TestClock::jumping();
        let mut limit = five_a_second(Arc::clone(&clock), move || match retry_after {
            Some(seconds) => answer(429, "slow down").with("retry-after", seconds),
            None => answer(429, "slow down"),
        });
        let server = Server::new(move |_| limit().unwrap_or_else(asset)).await;
        let begin = clock.now();
        let client = Client::new(Options { parallelism: 64, ..options(server.address, Arc::clone(&clock)) }).unwrap();
        for result in send_all(&client, 150, 150).await {
            result.unwrap();
        }
        let took = clock.now() - begin;
        assert!(took < Duration::from_secs(90), "60 s at best: {took:?}");
        let refused = server.requests().len() - 300;
        assert!(refused < 100, "{refused}");
        assert_eq!(client.pressure().refused, refused as u64);
    }
}

#[tokio::test]
async fn time_in_the_queue_does_not_count() {
    // One request a minute, and the budget is two minutes: the last one gets its turn after ten.
    let clock = TestClock::jumping();
    let mut next: Option<Instant> = None;
    let server = {
        let clock = Arc::clone(&clock);
        Server::new(move |_| {
            let now = clock.now();
            if next.is_some_and(|next| now < next) {
                return answer(429, "").with("retry-after", "60");
            }
            next = Some(now + Duration::from_secs(60));
            asset()
        })
        .await
    };
    let begin = clock.now();
    let client = Client::new(Options { parallelism: 1, ..options(server.address, Arc::clone(&clock)) }).unwrap();
    for result in send_all(&client, 5, 5).await {
        result.unwrap();
    }
    assert!(clock.now() - begin >= Duration::from_secs(9 * 60));
}

#[tokio::test]
async fn a_spent_quota_is_not_overrun() {
    // Twenty in ten seconds; the headers say how many are left.
    let clock = TestClock::jumping();
    let begin = clock.now();
    let (mut window, mut used) = (0, 0);
    let server = {
        let clock = Arc::clone(&clock);
        Server::new(move |_| {
            let current = (clock.now() - begin).as_secs() / 10;
            if current != window {
                (window, used) = (current, 0);
            }
            used += 1;
            let reply = if used > 20 { answer(429, "") } else { asset() };
            let left = 20_u32.saturating_sub(used);
            reply
                .with("x-ratelimit-limit", "20")
                .with("x-ratelimit-remaining", &left.to_string())
                .with("x-ratelimit-reset", &(EPOCH_SECONDS + (window + 1) * 10).to_string())
        })
        .await
    };
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    for result in send_all(&client, 50, 50).await {
        result.unwrap();
    }
    assert_eq!(server.requests().len(), 100, "none was refused");
    assert_eq!(client.pressure().refused, 0);
    assert!(clock.now() - begin >= Duration::from_secs(40));
}

#[tokio::test]
async fn a_503_that_names_a_time_holds_back_every_request() {
    let mut answers = [answer(503, "").with("retry-after", "30")].into_iter();
    let server = Server::new(move |_| answers.next().unwrap_or_else(asset)).await;
    let clock = TestClock::still();
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    // The write may have happened: it is an error. Nobody else asks before the time is over.
    let error = client.writer().enable_user(&portal(), "u").await.unwrap_err();
    assert!(error.kind() == Kind::Server && error.outcome_unknown());
    let reader = client.reader();
    let read = tokio::spawn(async move { reader.asset(&portal(), "g", "a").await });
    until(|| clock.sleeps().len() == 1).await;
    assert_eq!((server.requests().len(), clock.sleeps()[0]), (1, Duration::from_secs(30)));
    clock.advance(Duration::from_secs(30));
    read.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_nobody_polls_holds_nobody_else_back() {
    let server = Server::new(|_| asset()).await;
    let client = Client::new(Options { parallelism: 2, ..server.options() }).unwrap();
    client.reader().connections().await.unwrap_err();
    server.hold(true);
    let (reader, portal) = (client.reader(), portal());
    let mut waiting = Box::pin(reader.asset(&portal, "g", "a"));
    let others = {
        let (reader, portal) = (reader.clone(), portal.clone());
        tokio::spawn(async move { join_all((0..2).map(|_| reader.asset(&portal, "g", "a"))).await })
    };
    until(|| server.requests().len() == 3).await;
    // It is polled once, so that it stands in the queue, and then no more.
    let pending = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending())).await;
    assert!(pending);
    let last = {
        let (reader, portal) = (reader.clone(), portal.clone());
        tokio::spawn(async move { reader.asset(&portal, "g", "a").await })
    };
    server.hold(false);
    last.await.unwrap().unwrap();
    assert!(others.await.unwrap().iter().all(Result::is_ok));
    // Those who give up waiting take no turn with them.
    drop(waiting);
    for result in send_all(&client, 5, 5).await {
        result.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_ends_in_mid_run_is_renewed_once_and_nobody_notices() {
    let count = AtomicUsize::new(0);
    let server = Server::new(move |request| match request.header("authorization") {
        // The first token ends early, whatever was said about it.
        Some("Bearer token-1") if count.fetch_add(1, Ordering::SeqCst) >= 60 => answer(401, "Unauthorized"),
        _ => asset(),
    })
    .await;
    let client = Client::new(Options { parallelism: 200, ..server.options() }).unwrap();
    for result in send_all(&client, 100, 100).await {
        result.unwrap();
    }
    assert_eq!(server.sign_ins(), 2);
    // Each write was carried out once.
    let mut done: Vec<String> = server
        .requests()
        .into_iter()
        .filter(|request| request.method == "PATCH" && request.header("authorization") == Some("Bearer token-2"))
        .map(|request| request.target)
        .collect();
    let carried_out = done.len();
    done.sort();
    done.dedup();
    assert_eq!(done.len(), carried_out);
}

/// Tokens last for a minute by the test's clock; whoever uses one for longer gets a 401.
async fn short_lived(clock: &Arc<TestClock>, mut handler: impl FnMut() -> Reply + Send + 'static) -> Server {
    let clock = Arc::clone(clock);
    let mut issued: Option<Instant> = None;
    Server::bare(move |request| {
        if request.is_sign_in() {
            issued = Some(clock.now());
            return json(r#"{"access_token":"t","token_type":"bearer","expires_in":60}"#);
        }
        match issued {
            Some(issued) if clock.now() < issued + Duration::from_secs(60) => handler(),
            _ => answer(401, ""),
        }
    })
    .await
}

#[tokio::test]
async fn a_token_that_ends_during_a_pause_is_renewed_before_it_is_used() {
    let clock = TestClock::jumping();
    let mut answers = [answer(429, "").with("retry-after", "100")].into_iter();
    let server = short_lived(&clock, move || answers.next().unwrap_or_else(|| json(""))).await;
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    client.writer().enable_user(&portal(), "u").await.unwrap();
    assert_eq!((server.sign_ins(), server.requests().len()), (2, 2), "no 401 was needed");
}

#[tokio::test]
async fn tokens_end_again_and_again_in_a_slow_run() {
    let clock = TestClock::jumping();
    let mut limit = five_a_second(Arc::clone(&clock), || answer(429, ""));
    let server = short_lived(&clock, move || limit().unwrap_or_else(asset)).await;
    let client = Client::new(options(server.address, Arc::clone(&clock))).unwrap();
    for result in send_all(&client, 500, 500).await {
        result.unwrap();
    }
    // Early renewal: 54 seconds of each minute are used, and 200 are needed.
    assert!((4..=7).contains(&server.sign_ins()), "{}", server.sign_ins());
}

#[tokio::test]
async fn a_change_of_the_window_is_logged() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.subscriber());
    let server = Server::replying([answer(429, ""), asset()]).await;
    let client = server.client();
    for result in send_all(&client, 3, 0).await {
        result.unwrap();
    }
    let text = log.text();
    assert!(text.contains("the number of requests at once changes"), "{text}");
    assert!(text.contains("cause=Refused"), "{text}");
}
