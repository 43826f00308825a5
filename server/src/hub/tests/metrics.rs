//! The metrics that the hub keeps, where no client can see them move.

use super::*;
use crate::store::SqliteStore;

// The fault: a hub that falls behind its store, whose people hear nothing though everything is kept.
#[tokio::test]
async fn outcomes_that_nobody_applies_are_a_lag() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let settings = unlimited();
    let metrics = Arc::clone(&settings.metrics);
    let store = SqliteStore::open_bounded(&path, 0, &metrics).unwrap();
    let store = Arc::new(store);
    let hub = Hub::open(Arc::clone(&store) as Arc<dyn Store>, settings);
    let hub: &'static Hub = Box::leak(Box::new(hub.await.unwrap()));
    assert_eq!(
        metrics.log_lag(),
        0,
        "what was before the hub is not behind it"
    );
    for seed in 0..5 {
        let user = UserId(key(seed));
        drop(store.change(Change::SpokeV2 { user }));
    }
    while metrics.log_lag() < 5 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(metrics.log_lag(), 5);
    tokio::spawn(hub.run());
    while metrics.log_lag() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
