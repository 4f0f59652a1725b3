//! What is done from time to time: old records go, logs are compacted, and what nobody has used is forgotten.

use std::sync::Arc;

use super::Node;

impl Node {
    /// Does it whenever it is time, for ever.
    pub(crate) async fn keep_up(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(self.settings.upkeep_interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let node = Arc::clone(&self);
            // Compacting takes its time, which connections should not have to wait for.
            if tokio::task::spawn_blocking(move || node.keep_up_once()).await.is_err() {
                tracing::error!("upkeep has panicked");
            }
        }
    }

    fn keep_up_once(&self) {
        self.keep_up_logs();
        self.groups.expire(self.settings.offsets_retention);
        self.forget_transactional_ids(self.settings.transactional_id_expiration);
    }

    fn keep_up_logs(&self) {
        let expiration = i64::try_from(self.settings.producer_expiration.as_millis()).unwrap_or(i64::MAX);
        for topic in self.topics.all() {
            let rules = topic.settings().rules();
            for (index, partition) in topic.partitions().iter().enumerate() {
                let now = self.clock.timestamp();
                let compacted = partition.change_quietly(|log| {
                    log.retain(&rules, now);
                    log.flush_if_due(&rules, now);
                    log.expire_producers(now, expiration);
                    log.compact(&rules, now)
                });
                if let Ok(Err(error)) = compacted {
                    tracing::warn!(topic = %topic.name, partition = index, %error, "cannot be compacted");
                }
            }
        }
    }
}
