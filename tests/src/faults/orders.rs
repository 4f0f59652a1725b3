//! What a shop does meanwhile: executions whose right verdict is known beforehand, and the records of each.

use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::{PARCEL, State};

/// An execution to be triggered.
#[derive(Clone, Debug)]
pub struct Order {
    /// The test id. Some are used again, by a later execution of the same case.
    pub id: String,
    /// The name of the case.
    pub case: String,
    /// When it is triggered: its own timestamp, from the beginning of the round.
    pub at: Duration,
    /// The arguments, by name.
    pub arguments: Value,
    /// The verdict, unless the brokers were out of reach and the records came later than they were sent.
    pub intended: State,
    /// The key of its signals, where that is not the id.
    pub key: Option<String>,
    /// The partitioner of whoever sends them.
    pub partitioner: Partitioner,
    /// What is sent for it, each from the beginning of the round, in no order.
    pub sent: Vec<(Duration, Sent)>,
}

/// Where a sender puts a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioner {
    /// Where Java, Faust and LiveCheck's clients put it.
    Murmur2,
    /// Where librdkafka puts it, unless it is told otherwise.
    Crc32,
}

/// A record that is sent for an execution.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// The trigger.
    Trigger,
    /// A signal.
    Signal {
        /// Its name.
        name: &'static str,
        /// Its payload.
        value: Value,
        /// Whether headers name the execution, or only the key.
        headers: bool,
    },
}

/// How many executions, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// For how long.
    pub length: Duration,
    /// Executions a second.
    pub per_second: u32,
}

/// The orders of that seed: the same for the same seed and rate. Their ids begin with `prefix`.
#[must_use]
pub fn generate(seed: u64, prefix: &str, rate: Rate) -> Vec<Order> {
    // Not the chances of the schedule, which has the same seed.
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(!seed);
    let count = rate.length.as_millis() * u128::from(rate.per_second) / 1_000;
    let mut orders: Vec<Order> = Vec::new();
    for number in 0..u32::try_from(count).expect("fewer than four billion") {
        let at = LEAD + Duration::from_secs(1) * number / rate.per_second;
        let id = format!("{prefix}-{number}");
        let mut order = Shop { chance: &mut chance, at }.order(id);
        reuse_an_id(&mut chance, &orders, &mut order);
        orders.push(order);
    }
    orders
}

/// Orders whose signals come from a sender with another partitioner, and that wait for them long enough: once they are
/// reported the group knows that there are such senders, and what is promised of those holds.
#[must_use]
pub fn introduction(seed: u64) -> Vec<Order> {
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
    let at = |number: u32| LEAD + Duration::from_millis(50) * number;
    (0..20)
        .map(|number| {
            let mut shop = Shop { chance: &mut chance, at: at(number) };
            let (case, arguments, intended, mut sent) = shop.parcel(json!(3), State::Pass, true);
            sent.push((shop.at, Sent::Trigger));
            let (id, case) = (format!("i{seed}-{number}"), PARCEL.replace("parcel", case));
            let partitioner = Partitioner::Crc32;
            Order { id, case, at: at(number), arguments, intended, key: None, partitioner, sent }
        })
        .collect()
}

/// Signals come up to this long before their trigger.
const LEAD: Duration = Duration::from_millis(1_500);

/// How many customers there are: several bills of one are open at any time.
const CUSTOMERS: u32 = 5;

/// Gives an order, at times, the id of an earlier one of the same case: who has both apart has them by headers.
fn reuse_an_id(chance: &mut Xoshiro256PlusPlus, earlier: &[Order], order: &mut Order) {
    if earlier.is_empty() || !chance.random_bool(0.05) || !order.is_named_by_headers() {
        return;
    }
    let other = &earlier[chance.random_range(0..earlier.len())];
    if other.case == order.case && other.is_named_by_headers() && other.at != order.at {
        order.id.clone_from(&other.id);
    }
}

impl Order {
    fn is_named_by_headers(&self) -> bool {
        self.sent.iter().all(|(_, sent)| !matches!(sent, Sent::Signal { headers: false, .. }))
    }
}

struct Shop<'c> {
    chance: &'c mut Xoshiro256PlusPlus,
    at: Duration,
}

impl Shop<'_> {
    fn order(&mut self, id: String) -> Order {
        let headers = !self.chance.random_bool(0.15);
        let (case, arguments, intended, signals) = match self.chance.random_range(0..100) {
            0..24 => self.parcel(json!(3), State::Pass, headers),
            24..32 => self.debt(&id, headers),
            32..35 => self.one_signal("shipment", "delivered", Some(0..5_000), State::Pass, false),
            // Its signals are of no use for longer than two seconds: most faults last longer.
            35..38 => self.one_signal("pickup", "fetched", Some(0..1_000), State::Pass, false),
            38..42 => self.one_signal("collection", "collected", Some(0..200), State::Pass, false),
            42..45 => self.one_signal("collection", "collected", None, State::Timeout, false),
            45..52 => self.parcel(json!(4), State::Fail, headers),
            52..58 => self.parcel(json!("three"), State::Error, headers),
            58..66 => self.one_signal("courier", "came", Some(0..1_500), State::Pass, headers),
            66..72 => self.one_signal("courier", "came", None, State::Timeout, headers),
            72..78 => self.one_signal("courier", "came", Some(4_000..6_000), State::Timeout, headers),
            78..83 => self.one_signal("invoice", "printed", Some(0..200), State::Pass, headers),
            83..88 => self.one_signal("invoice", "printed", None, State::Timeout, headers),
            88..91 => ("refund", json!({"amount": 7}), State::Error, Vec::new()),
            91..93 => ("label", json!({"address": "12 High Street"}), State::Pass, Vec::new()),
            93..95 => ("label", json!({"address": null}), State::Fail, Vec::new()),
            95..97 => ("gift", json!({"wrapped": true}), State::Pass, Vec::new()),
            97..98 => ("gift", json!({"wrapped": null}), State::Skip, Vec::new()),
            98..99 => ("catalogue", json!({}), State::Skip, Vec::new()),
            _ => ("a_case_that_no_runner_has", json!({}), State::Skip, Vec::new()),
        };
        let mut sent = self.with_repetitions(signals);
        sent.push((self.at, Sent::Trigger));
        if self.chance.random_bool(0.03) {
            // Word for word, as a producer without idempotence has it that got no answer.
            sent.push((self.later(self.at, 1..4_000), Sent::Trigger));
        }
        let key = matches!(case, "shipment" | "collection" | "pickup").then(|| format!("number of {id}"));
        let arguments = key.as_ref().map_or(arguments, |number| json!({"number": number}));
        let partitioner =
            if self.chance.random_bool(0.1) { Partitioner::Crc32 } else { Partitioner::Murmur2 };
        let case = PARCEL.replace("parcel", case);
        Order { id, case, at: self.at, arguments, intended, key, partitioner, sent }
    }

    /// Two signals, at times before the trigger, at times the second one first.
    fn parcel(&mut self, packed: Value, verdict: State, headers: bool) -> Made {
        let packed = Sent::Signal { name: "packed", value: packed, headers };
        let delivered = Sent::Signal { name: "delivered", value: Value::Null, headers };
        let early = self.chance.random_bool(0.2);
        let first = if early { self.before(1_500) } else { self.later(self.at, 0..2_500) };
        let second = self.later(first, 0..3_000);
        let signals = if self.chance.random_bool(0.2) {
            vec![(first, delivered), (second, packed)]
        } else {
            vec![(first, packed), (second, delivered)]
        };
        ("parcel", json!({"ordered": 3}), verdict, signals)
    }

    /// A bill, which adds to what its customer owes. Each round has customers of its own.
    fn debt(&mut self, id: &str, headers: bool) -> Made {
        let round = id.rsplit_once('-').map_or(id, |(round, _)| round);
        let customer = format!("{round}-customer-{}", self.chance.random_range(0..CUSTOMERS));
        let amount = self.chance.random_range(1..4);
        let (_, _, verdict, signals) =
            self.one_signal("debt", "booked", Some(0..2_000), State::Pass, headers);
        ("debt", json!({"customer": customer, "amount": amount}), verdict, signals)
    }

    fn one_signal(
        &mut self,
        case: &'static str,
        name: &'static str,
        after: Option<std::ops::Range<u64>>,
        verdict: State,
        headers: bool,
    ) -> Made {
        // What is delivered is counted; the others say only that something was done.
        let value = if name == "delivered" { json!(3) } else { Value::Null };
        let signal = Sent::Signal { name, value, headers };
        let signals = after.map(|after| (self.later(self.at, after), signal));
        (case, json!({}), verdict, signals.into_iter().collect())
    }

    /// Some signals come twice or three times, as an at-least-once sender has it.
    fn with_repetitions(&mut self, signals: Vec<(Duration, Sent)>) -> Vec<(Duration, Sent)> {
        let mut all = Vec::new();
        for (at, signal) in signals {
            let times = if self.chance.random_bool(0.15) { self.chance.random_range(1..3) } else { 0 };
            for _ in 0..times {
                all.push((self.later(at, 1..4_000), signal.clone()));
            }
            all.push((at, signal));
        }
        all
    }

    fn before(&mut self, millis: u64) -> Duration {
        self.at - Duration::from_millis(self.chance.random_range(0..millis))
    }

    fn later(&mut self, than: Duration, millis: std::ops::Range<u64>) -> Duration {
        than + Duration::from_millis(self.chance.random_range(millis))
    }
}

/// A case, its arguments, the verdict, and the signals.
type Made = (&'static str, Value, State, Vec<(Duration, Sent)>);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const RATE: Rate = Rate { length: Duration::from_secs(20), per_second: 100 };

    #[test]
    fn there_is_every_verdict_and_every_execution_is_another() {
        let orders = generate(7, "o", RATE);
        assert_eq!(orders.len(), 2_000);
        let verdicts: BTreeSet<_> = orders.iter().map(|order| order.intended).collect();
        assert_eq!(verdicts.len(), 5, "{verdicts:?}");
        let keys: BTreeSet<_> = orders.iter().map(|order| (&order.case, &order.id, order.at)).collect();
        assert_eq!(keys.len(), orders.len());
        let ids: BTreeSet<_> = orders.iter().map(|order| &order.id).collect();
        assert!(ids.len() < orders.len(), "some ids are used again");
    }

    #[test]
    fn some_signals_have_keys_of_their_own_and_some_senders_another_partitioner() {
        let orders = generate(7, "o", RATE);
        let some = |is_so: &dyn Fn(&Order) -> bool| orders.iter().filter(|order| is_so(order)).count();
        assert!(some(&|order| order.key.is_some()) > 200);
        assert!(some(&|order| order.partitioner == Partitioner::Crc32) > 100);
        assert!(some(&|order| order.key.is_some() && order.partitioner == Partitioner::Crc32) > 10);
    }

    #[test]
    fn an_id_that_is_used_again_is_told_apart_by_headers() {
        let orders = generate(7, "o", RATE);
        for order in orders.iter().filter(|order| !order.is_named_by_headers()) {
            assert_eq!(orders.iter().filter(|other| other.id == order.id).count(), 1);
        }
    }

    #[test]
    fn signals_are_early_and_late_and_repeated_and_the_second_comes_first() {
        let orders = generate(7, "o", RATE);
        let names = |order: &Order| {
            let mut signals: Vec<_> = order
                .sent
                .iter()
                .filter_map(|(at, sent)| match sent {
                    Sent::Signal { name, .. } => Some((*at, *name)),
                    Sent::Trigger => None,
                })
                .collect();
            signals.sort_unstable();
            signals
        };
        let some = |is_so: &dyn Fn(&Order) -> bool| orders.iter().filter(|order| is_so(order)).count();
        assert!(some(&|order| names(order).iter().any(|(at, _)| *at < order.at)) > 50);
        assert!(some(&|order| names(order).first().is_some_and(|(_, name)| *name == "delivered")) > 50);
        assert!(some(&|order| names(order).len() > 2) > 50);
    }
}
