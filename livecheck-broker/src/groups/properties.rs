//! Clients that follow the protocol, in any order, at any speed, some dying on the way: whatever happens, no
//! partition has two owners in one generation, nobody is answered twice, and those who live end up sharing
//! everything.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use proptest::prelude::*;

use super::{Answer, Answers, Group, Join, Joined, Protocol, Sync, Ticket};

const CLIENTS: usize = 4;
const PARTITIONS: u8 = 6;
const SESSION: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
enum Step {
    Act(usize),
    Leave(usize),
    /// It never says another word.
    Die(usize),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (0..CLIENTS).prop_map(Step::Act),
        1 => (0..CLIENTS).prop_map(Step::Leave),
        1 => (0..CLIENTS).prop_map(Step::Die),
        3 => (1..8_000_u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 0..120)
}

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Out,
    Joining,
    In(Joined),
    Syncing,
    Stable(Bytes),
    Dead,
}

#[derive(Debug, Clone)]
struct Client {
    id: String,
    phase: Phase,
    generation: i32,
    instance: Option<String>,
}

struct World {
    group: Group,
    clients: Vec<Client>,
    now: Duration,
    tickets: u64,
    /// Who waits for what.
    waiting: HashMap<Ticket, usize>,
    owners: HashMap<(i32, u8), String>,
}

impl World {
    fn new(statics: bool) -> Self {
        let client = |index: usize| Client {
            id: String::new(),
            phase: Phase::Out,
            generation: -1,
            instance: (statics && index % 2 == 0).then(|| format!("instance-{index}")),
        };
        Self {
            group: Group::new(),
            clients: (0..CLIENTS).map(client).collect(),
            now: Duration::ZERO,
            tickets: 0,
            waiting: HashMap::new(),
            owners: HashMap::new(),
        }
    }

    fn ticket(&mut self, client: usize) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, client);
        ticket
    }

    fn act(&mut self, index: usize) {
        let mut answers = Answers::new();
        let client = self.clients[index].clone();
        match client.phase {
            Phase::Dead | Phase::Joining | Phase::Syncing => {}
            Phase::Out => {
                let ticket = self.ticket(index);
                self.clients[index].phase = Phase::Joining;
                let join = Join {
                    ticket,
                    member_id: client.id,
                    fresh_id: format!("member-{index}-{}", self.tickets),
                    instance_id: client.instance,
                    client_id: "client".to_owned(),
                    client_host: "/host".to_owned(),
                    session_timeout: SESSION,
                    rebalance_timeout: Duration::from_secs(20),
                    protocol_type: "consumer".to_owned(),
                    protocols: vec![Protocol { name: "range".to_owned(), metadata: Bytes::new() }],
                    can_rejoin: true,
                    can_skip_assignment: true,
                };
                self.group.join(join, self.now, &mut answers);
            }
            Phase::In(joined) => {
                let ticket = self.ticket(index);
                self.clients[index].phase = Phase::Syncing;
                let sync = Sync {
                    ticket,
                    member_id: client.id,
                    instance_id: client.instance,
                    generation: joined.generation,
                    protocol_type: None,
                    protocol: None,
                    assignments: share(&joined),
                };
                self.group.sync(&sync, self.now, &mut answers);
            }
            Phase::Stable(_) => {
                let instance = client.instance.as_deref();
                if let Err(error) = self.group.heartbeat(&client.id, instance, client.generation, self.now) {
                    self.refused(index, error);
                }
            }
        }
        self.deliver(answers);
    }

    fn refused(&mut self, index: usize, error: ResponseError) {
        let client = &mut self.clients[index];
        match error {
            ResponseError::UnknownMemberId => client.id = String::new(),
            ResponseError::RebalanceInProgress
            | ResponseError::IllegalGeneration
            | ResponseError::MemberIdRequired => {}
            other => panic!("{other:?} for {client:?}"),
        }
        client.phase = Phase::Out;
    }

    fn deliver(&mut self, answers: Answers) {
        for (ticket, answer) in answers {
            let index = self.waiting.remove(&ticket).expect("a request is answered once");
            if self.clients[index].phase == Phase::Dead {
                continue;
            }
            match answer {
                Answer::Join(Ok(joined)) => {
                    assert_eq!(self.clients[index].phase, Phase::Joining);
                    let client = &mut self.clients[index];
                    client.id.clone_from(&joined.member_id);
                    assert!(joined.generation >= client.generation, "generations only go up");
                    client.generation = joined.generation;
                    client.phase = Phase::In(joined);
                }
                Answer::Join(Err(refused)) => {
                    if refused.error == ResponseError::MemberIdRequired {
                        self.clients[index].id.clone_from(&refused.member_id);
                    }
                    self.refused(index, refused.error);
                }
                Answer::Sync(Ok(synced)) => {
                    let client = &mut self.clients[index];
                    assert_eq!(client.phase, Phase::Syncing);
                    for partition in &synced.assignment {
                        let owner =
                            self.owners.entry((client.generation, *partition)).or_insert(client.id.clone());
                        assert_eq!(*owner, client.id, "partition {partition} has two owners");
                    }
                    client.phase = Phase::Stable(synced.assignment);
                }
                Answer::Sync(Err(error)) => self.refused(index, error),
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        // As the alarm does: at each deadline, not once at the end.
        while let Some(deadline) = self.group.next_deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            let mut answers = Answers::new();
            self.group.tick(self.now, &mut answers);
            self.deliver(answers);
            assert!(self.group.next_deadline().is_none_or(|next| next > self.now), "what was due is done");
        }
        self.now = until;
    }

    fn leave(&mut self, index: usize) {
        let client = self.clients[index].clone();
        // A client leaves between requests, not within one.
        if !matches!(client.phase, Phase::In(_) | Phase::Stable(_)) {
            return;
        }
        let mut answers = Answers::new();
        let left = self.group.leave(&client.id, client.instance.as_deref(), self.now, &mut answers);
        assert!(matches!(left, Ok(()) | Err(ResponseError::UnknownMemberId)), "{left:?}");
        self.clients[index].phase = Phase::Out;
        self.clients[index].id = String::new();
        self.deliver(answers);
    }
}

/// The leader's assignment: partitions in turn.
fn share(joined: &Joined) -> HashMap<String, Bytes> {
    let mut shares: Vec<Vec<u8>> = vec![Vec::new(); joined.members.len()];
    for partition in 0..if shares.is_empty() { 0 } else { PARTITIONS } {
        let to = usize::from(partition) % shares.len();
        shares[to].push(partition);
    }
    joined
        .members
        .iter()
        .map(|member| member.member_id.clone())
        .zip(shares.into_iter().map(Bytes::from))
        .collect()
}

proptest! {
    #[test]
    fn those_who_live_share_everything(steps in steps(), statics in any::<bool>()) {
        let mut world = World::new(statics);
        for step in steps {
            match step {
                Step::Act(index) => world.act(index),
                Step::Leave(index) => world.leave(index),
                Step::Die(index) => world.clients[index].phase = Phase::Dead,
                Step::Wait(millis) => world.wait(Duration::from_millis(millis)),
            }
        }
        // Then calm: everyone who lives speaks every second.
        for _ in 0..120 {
            for index in 0..CLIENTS {
                world.act(index);
            }
            world.wait(Duration::from_secs(1));
        }
        let alive: Vec<_> = world.clients.iter().filter(|client| client.phase != Phase::Dead).collect();
        let generations: BTreeSet<i32> = alive.iter().map(|client| client.generation).collect();
        prop_assert!(generations.len() <= 1, "{generations:?}");
        let mut shared = BTreeSet::new();
        for client in &alive {
            let Phase::Stable(assignment) = &client.phase else {
                return Err(TestCaseError::fail(format!("{client:?} in {:?}", world.group)));
            };
            shared.extend(assignment.iter().copied());
        }
        if !alive.is_empty() {
            prop_assert_eq!(shared.len(), usize::from(PARTITIONS));
        }
        prop_assert_eq!(world.group.describe().members.len(), alive.len());
    }
}
