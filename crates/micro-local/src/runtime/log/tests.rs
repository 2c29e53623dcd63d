//! Logs as their readers see them.

use std::time::Duration;

use super::*;

async fn messages(log: &Log, query: LogsQuery) -> Vec<String> {
    let records = log.read(query).collect().await.unwrap();
    records.into_iter().map(|record| record.message).collect()
}

fn last(count: usize) -> LogsQuery {
    LogsQuery {
        count,
        ..LogsQuery::default()
    }
}

#[tokio::test]
async fn lines_are_kept_whole_and_counted_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("micro/greeter-latest.log");
    let log = Log::open(path.clone()).unwrap();
    assert!(messages(&log, last(0)).await.is_empty());
    let mut seen = 0;
    log.add_from(&b"one\r\n\ntwo \xff\nwithout an end"[..], |_| seen += 1)
        .await;
    assert_eq!(seen, 4);
    assert_eq!(
        messages(&log, last(0)).await,
        ["one", "", "two \u{fffd}", "without an end"]
    );
    assert_eq!(messages(&log, last(2)).await, ["two \u{fffd}", "without an end"]);
    assert_eq!(messages(&log, last(9)).await.len(), 4);

    let future = LogsQuery {
        since: Some(SystemTime::now() + Duration::from_secs(60)),
        ..last(0)
    };
    assert!(messages(&log, future).await.is_empty());
    let past = LogsQuery {
        since: Some(SystemTime::now() - Duration::from_secs(60)),
        ..last(3)
    };
    assert_eq!(messages(&log, past).await.len(), 3);
    drop(log);

    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"torn by a cra")
        .unwrap();
    let log = Log::open(path).unwrap();
    log.note("started").await;
    assert_eq!(
        messages(&log, last(2)).await,
        ["torn by a cra", "[micro] started"]
    );
}

#[tokio::test]
async fn long_lines_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(folder.path().join("log")).unwrap();
    let endless = vec![b'x'; 100 * 1024];
    log.add_from(&endless[..], |_| {}).await;
    log.note("end").await;
    let lines = messages(&log, last(0)).await;
    assert!(
        lines.iter().all(|line| line.len() <= 2 * LINE_BYTES),
        "a line is too long"
    );
    assert_eq!(
        lines.iter().map(String::len).sum::<usize>(),
        endless.len() + "[micro] end".len()
    );
}

#[tokio::test]
async fn files_stay_small_and_followers_miss_nothing() {
    const LINES: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let log = Log::with_limit(path.clone(), 2000).unwrap();
    let mut follower = log.read(LogsQuery {
        follow: true,
        ..last(1)
    });
    log.add(vec!["line 0".to_owned()]).await;
    // Each line is written when the one before has arrived: how fast the disk is plays no part.
    for number in 0..LINES {
        let record = tokio::time::timeout(Duration::from_secs(10), follower.next())
            .await
            .unwrap();
        assert_eq!(record.unwrap().unwrap().message, format!("line {number}"));
        log.add(vec![format!("line {}", number + 1)]).await;
    }
    assert!(std::fs::metadata(&path).unwrap().len() <= 2000);
    assert!(std::fs::metadata(aside(&path)).unwrap().len() <= 2000);
    let kept = messages(&log, last(0)).await;
    assert!(
        (50..120).contains(&kept.len()),
        "two files of 2000 bytes hold {} lines",
        kept.len()
    );
    assert_eq!(
        messages(&log, last(60)).await.len(),
        60,
        "lines are counted across both files"
    );

    drop(log);
    assert!(
        tokio::time::timeout(Duration::from_secs(10), async {
            while let Some(record) = follower.next().await {
                record.unwrap();
            }
        })
        .await
        .is_ok(),
        "following ends with the log"
    );
}
