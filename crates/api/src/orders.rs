//! Orders to sync clients, over the connections that the clients opened. All of it is in memory: an order that
//! nobody waits for any more has no sense.

use lockstep_model::provisioning::{Order, OrderAnswer, OrderRequest};
use lockstep_model::{ClientId, OrderId, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Orders that may wait for one client.
const QUEUE: usize = 16;
/// Sync clients that may be connected at a time.
const CLIENTS: usize = 256;

/// Why an order was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderFailure {
    /// No client is connected, or not the one meant; since when, where it was once.
    NotConnected(Option<Timestamp>),
    /// Too many orders wait.
    Busy,
    /// No answer came in time.
    TimedOut,
}

#[derive(Debug, Default)]
pub(crate) struct Orders(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    connections: BTreeMap<ClientId, Connection>,
    waiting: BTreeMap<OrderId, (ClientId, oneshot::Sender<OrderAnswer>)>,
    /// Counts connections, so that an old one that ends does not take the new one's place away.
    serial: u64,
    left: BTreeMap<ClientId, Timestamp>,
}

#[derive(Debug)]
struct Connection {
    serial: u64,
    send: mpsc::Sender<Order>,
}

/// An order that is waited for: forgotten when the wait ends, however it does.
struct Waiting<'a> {
    orders: &'a Orders,
    id: OrderId,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.orders.lock().waiting.remove(&self.id);
    }
}

impl Orders {
    /// A client opened its connection; an older one of the same client ends. None where too many are connected.
    pub(crate) fn connect(&self, client: ClientId) -> Option<(u64, mpsc::Receiver<Order>)> {
        let mut state = self.lock();
        if state.connections.len() >= CLIENTS && !state.connections.contains_key(&client) {
            return None;
        }
        state.serial += 1;
        let serial = state.serial;
        let (send, receive) = mpsc::channel(QUEUE);
        state.connections.insert(client, Connection { serial, send });
        Some((serial, receive))
    }

    /// A connection ended.
    pub(crate) fn disconnect(&self, client: ClientId, serial: u64, now: Timestamp) {
        let mut state = self.lock();
        if state.connections.get(&client).is_some_and(|c| c.serial == serial) {
            state.connections.remove(&client);
            state.left.insert(client, now);
        }
    }

    /// Ends a client's connection, whichever it is.
    pub(crate) fn end(&self, client: ClientId, now: Timestamp) {
        let mut state = self.lock();
        if state.connections.remove(&client).is_some() {
            state.left.insert(client, now);
        }
    }

    /// Whether a client is connected.
    pub(crate) fn is_connected(&self, client: ClientId) -> bool {
        self.lock().connections.contains_key(&client)
    }

    /// How many clients are connected.
    pub(crate) fn connected(&self) -> usize {
        self.lock().connections.len()
    }

    /// Sends an order to `client`, or to the client that connected last, and waits for the answer.
    pub(crate) async fn send(
        &self,
        client: Option<ClientId>,
        request: OrderRequest,
        now: Timestamp,
        patience: Duration,
    ) -> Result<OrderAnswer, OrderFailure> {
        let id = OrderId::generate(now);
        let answer = {
            let mut state = self.lock();
            let found = match client {
                Some(client) => state.connections.get(&client).map(|c| (client, c.send.clone())),
                None => state
                    .connections
                    .iter()
                    .max_by_key(|(_, connection)| connection.serial)
                    .map(|(client, connection)| (*client, connection.send.clone())),
            };
            let Some((client, send)) = found else {
                let since = match client {
                    Some(client) => state.left.get(&client).copied(),
                    None => state.left.values().max().copied(),
                };
                return Err(OrderFailure::NotConnected(since));
            };
            let (answered, answer) = oneshot::channel();
            send.try_send(Order { id, request }).map_err(|_| OrderFailure::Busy)?;
            state.waiting.insert(id, (client, answered));
            answer
        };
        // Also when the caller goes away while it waits.
        let _forget = Waiting { orders: self, id };
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(OrderFailure::TimedOut),
        }
    }

    /// A client answers an order. False where nobody waits for it, or it was another client's.
    pub(crate) fn answer(&self, client: ClientId, order: OrderId, answer: OrderAnswer) -> bool {
        let mut state = self.lock();
        match state.waiting.get(&order) {
            Some((owner, _)) if *owner == client => {}
            _ => return false,
        }
        state.waiting.remove(&order).is_some_and(|(_, waiter)| waiter.send(answer).is_ok())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_goes_to_the_client_and_its_answer_back() {
        let orders = Arc::new(Orders::default());
        let client = ClientId::generate(at(1));
        let (_, mut queue) = orders.connect(client).unwrap();
        let asking = tokio::spawn({
            let orders = orders.clone();
            async move { orders.send(None, OrderRequest::Pause, at(2), Duration::from_secs(60)).await }
        });
        let order = queue.recv().await.unwrap();
        assert_eq!(order.request, OrderRequest::Pause);
        let stranger = ClientId::generate(at(3));
        assert!(!orders.answer(stranger, order.id, OrderAnswer::Accepted));
        assert!(orders.answer(client, order.id, OrderAnswer::Accepted));
        assert!(!orders.answer(client, order.id, OrderAnswer::Accepted));
        assert_eq!(asking.await.unwrap(), Ok(OrderAnswer::Accepted));
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_answers_ends() {
        let orders = Orders::default();
        let client = ClientId::generate(at(1));
        let ask = |client, now| orders.send(client, OrderRequest::Resume, now, Duration::from_secs(60));
        assert_eq!(ask(None, at(2)).await, Err(OrderFailure::NotConnected(None)));
        let (first, mut old) = orders.connect(client).unwrap();
        let (second, queue) = orders.connect(client).unwrap();
        assert!(old.recv().await.is_none(), "the older connection ends");
        orders.disconnect(client, first, at(3));
        assert!(orders.is_connected(client), "and its end does not count");
        assert_eq!(ask(Some(client), at(4)).await, Err(OrderFailure::TimedOut));
        for _ in 1..QUEUE {
            assert_eq!(ask(None, at(5)).await, Err(OrderFailure::TimedOut));
        }
        assert_eq!(ask(None, at(6)).await, Err(OrderFailure::Busy));
        assert!(orders.lock().waiting.is_empty());
        drop(queue);
        orders.disconnect(client, second, at(7));
        assert_eq!(ask(None, at(8)).await, Err(OrderFailure::NotConnected(Some(at(7)))));
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_leaves_nothing_behind() {
        let orders = Orders::default();
        let client = ClientId::generate(at(1));
        let (_, mut queue) = orders.connect(client).unwrap();
        let asking = orders.send(None, OrderRequest::Pause, at(2), Duration::from_secs(60));
        assert!(tokio::time::timeout(Duration::from_secs(1), asking).await.is_err());
        assert!(orders.lock().waiting.is_empty());
        let order = queue.recv().await.unwrap();
        assert!(!orders.answer(client, order.id, OrderAnswer::Accepted));
    }
}
