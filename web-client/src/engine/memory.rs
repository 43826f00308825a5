//! The unsent texts of this tab, which outlive it: the outbox and the drafts.
//!
//! Each tab has a record of its own, so tabs neither overwrite nor delete each other's texts, and
//! each entry has one tab that sends it. A lock says whether a tab lives ([`super::tab_lock`]); what
//! a tab has left is taken over by another one. An entry that two tabs send all the same arrives
//! once, because the server knows its id.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use client::drafts::{Drafts, RoomDraft};
use client::outbox::{Account, Outbox, Outgoing};
use client::sorted::SortedSet;
use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Interval;
use serde::{Deserialize, Serialize};
use shared::chat::{MessageId, RoomId};
use shared::json;
use wasm_bindgen_futures::spawn_local;

use super::memory_store::Store;
use super::tab_lock::{self, Held};
use super::{clock, storage};

/// The time between two looks for what closed tabs have left, in milliseconds.
const LOOK_AGAIN_MS: u32 = 60_000;

/// The age from which a record counts as left where the browser has no locks, in milliseconds. If
/// that is wrong, two tabs show the same drafts, and the server drops doubles.
const LEFT_AFTER_MS: u64 = 10 * 60 * 1000;

/// An event of the memory.
#[derive(Debug)]
pub enum MemoryEvent {
    /// These entries were left by an earlier life of this tab, or by another tab. The drafts may
    /// have changed, too.
    Left(Vec<Outgoing>),
    /// The browser keeps what is written, or does not.
    Keeps(bool),
}

/// The most writes that are under way at once. The browser carries them out in their order; more would
/// only fill its queue, and the record may have a hundred kilobytes.
const WRITES: u32 = 8;

/// The memory of this tab; clones share it.
#[derive(Clone, Default)]
pub struct Memory(Rc<Inner>);

type Notify = Rc<dyn Fn(MemoryEvent)>;

#[derive(Default)]
struct Inner {
    notify: RefCell<Option<Notify>>,
    store: RefCell<Option<Rc<Store>>>,
    /// The tab's id, once its record was read. Until then nothing is written.
    tab: RefCell<Option<String>>,
    outbox: RefCell<Outbox>,
    /// The entries that were taken over and that the state has not shown yet.
    unseen: RefCell<SortedSet<MessageId>>,
    drafts: RefCell<Drafts>,
    /// Something was changed since the last write began.
    dirty: Cell<bool>,
    writing: Cell<u32>,
    fails: Cell<bool>,
    /// The event listeners, removed when the memory is dropped.
    listeners: RefCell<Vec<EventListener>>,
    look_again: RefCell<Option<Interval>>,
}

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// A tab's record.
#[derive(Serialize, Deserialize)]
struct Record {
    /// The time of the last change, in milliseconds since 1970.
    at: u64,
    outbox: Vec<Outgoing>,
    drafts: Drafts,
}

/// The part of another tab's record that is taken over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Take {
    Everything,
    /// Only entries, which are sent: a draft would change what a person is typing in its room.
    Outbox,
}

impl Memory {
    /// Begins to read what is kept, and reports events to `notify`. To be called once.
    pub fn open(&self, notify: impl Fn(MemoryEvent) + 'static) {
        *self.0.notify.borrow_mut() = Some(Rc::new(notify));
        self.listen();
        let this = self.clone();
        spawn_local(async move { this.load().await });
    }

    /// Returns `true` if something was written for `room` and not sent.
    pub fn has_draft(&self, account: &Account, room: &RoomId) -> bool {
        let drafts = self.0.drafts.borrow();
        drafts
            .get(account, room)
            .is_some_and(|draft| !draft.is_empty())
    }

    /// Returns the draft of a room.
    pub fn draft(&self, account: &Account, room: &RoomId) -> RoomDraft {
        let drafts = self.0.drafts.borrow();
        drafts.get(account, room).cloned().unwrap_or_default()
    }

    /// Changes the draft of a room.
    pub fn change_draft<T>(
        &self,
        account: &Account,
        room: &RoomId,
        change: impl FnOnce(&mut RoomDraft) -> T,
    ) -> T {
        let done = self.0.drafts.borrow_mut().change(account, room, change);
        self.changed();
        done
    }

    /// Moves the draft of a room to the room's new name.
    pub fn renamed(&self, account: &Account, from: &RoomId, to: &RoomId) {
        self.0.drafts.borrow_mut().renamed(account, from, to);
        self.changed();
    }

    /// Keeps these entries from now on.
    pub fn keep_outbox(&self, lines: &[Outgoing]) {
        // Entries that were taken over are not dropped before the state has had them.
        let mut unseen = self.0.unseen.borrow_mut();
        for line in lines {
            unseen.remove(&line.id);
        }
        let mut outbox = Outbox::restore(lines.to_vec());
        let mut former = self.0.outbox.take().lines().to_vec();
        former.retain(|line| unseen.contains(&line.id));
        drop(unseen);
        outbox.adopt(former);
        *self.0.outbox.borrow_mut() = outbox;
        self.changed();
    }

    fn listen(&self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let this = Rc::downgrade(&self.0);
        let mut listeners = vec![EventListener::new_with_options(
            &window,
            "beforeunload",
            EventListenerOptions::enable_prevent_default(),
            move |event| {
                // Only while the text would be lost: a question at every end would be clicked away.
                if this.upgrade().is_some_and(|it| Memory(it).would_lose()) {
                    event.prevent_default();
                }
            },
        )];
        if let Some(document) = window.document() {
            let this = Rc::downgrade(&self.0);
            let seen = document.clone();
            listeners.push(EventListener::new(
                &document,
                "visibilitychange",
                move |_| {
                    if !seen.hidden()
                        && let Some(this) = this.upgrade()
                    {
                        Memory(this).look_for_left();
                    }
                },
            ));
        }
        *self.0.listeners.borrow_mut() = listeners;
        let this = Rc::downgrade(&self.0);
        *self.0.look_again.borrow_mut() = Some(Interval::new(LOOK_AGAIN_MS, move || {
            if let Some(this) = this.upgrade() {
                Memory(this).look_for_left();
            }
        }));
    }

    fn would_lose(&self) -> bool {
        let empty = self.0.outbox.borrow().lines().is_empty() && self.0.drafts.borrow().is_empty();
        self.0.fails.get() && !empty
    }

    async fn load(&self) {
        // The id is that of the tab and not of the document: a reload finds its texts again.
        let former = storage::load_tab();
        let new = || clock::message_id().to_string();
        let asked = former.clone().unwrap_or_else(new);
        let held = tab_lock::hold(&asked).await;
        let tab = match held {
            Held::Here => asked,
            // A tab that was duplicated has the id of the first one.
            Held::Elsewhere | Held::Unsupported => {
                let tab = new();
                tab_lock::hold(&tab).await;
                tab
            }
        };
        storage::save_tab(&tab);
        if let Some(store) = self.store().await {
            if held == Held::Here {
                self.take_over(&store, &tab, &tab, Take::Everything).await;
            }
            // Without locks nobody else has the record of this tab's earlier life.
            let certain = former.filter(|_| held == Held::Unsupported);
            self.take_left(&store, &tab, certain.as_deref(), Take::Everything)
                .await;
        }
        *self.0.tab.borrow_mut() = Some(tab);
        self.notify(MemoryEvent::Left(Vec::new()));
        self.changed();
    }

    /// Takes over the entries of tabs that were closed meanwhile, so that they are sent.
    fn look_for_left(&self) {
        let Some(tab) = self.0.tab.borrow().clone() else {
            return;
        };
        let this = self.clone();
        spawn_local(async move {
            let Some(store) = this.store().await else {
                return;
            };
            this.take_left(&store, &tab, None, Take::Outbox).await;
        });
    }

    /// Takes over the records of tabs that are gone; that of the tab `certain` without a check.
    async fn take_left(&self, store: &Rc<Store>, own: &str, certain: Option<&str>, take: Take) {
        for tab in store.tabs().await.unwrap_or_default() {
            if tab == own {
                continue;
            }
            let work = {
                let (this, store) = (self.clone(), store.clone());
                let (tab, own) = (tab.clone(), own.to_owned());
                move || async move { this.take_over(&store, &tab, &own, take).await }
            };
            if tab_lock::is_supported() {
                tab_lock::with_free(&tab, work).await;
            } else if certain == Some(tab.as_str()) || is_old(store, &tab).await {
                work().await;
            }
        }
    }

    /// Takes over a record. It is removed only when this tab's own record has it all: a crash
    /// between the two leaves a double, and loses nothing.
    async fn take_over(&self, store: &Rc<Store>, tab: &str, own: &str, take: Take) {
        let Ok(Some(json)) = store.read(tab).await else {
            return;
        };
        // A record that cannot be read is of a later version, which will come back.
        let Ok(mut record) = json::read::<Record>(&json) else {
            return;
        };
        if take == Take::Outbox && record.outbox.is_empty() {
            return;
        }
        let left = std::mem::take(&mut record.outbox);
        self.0
            .unseen
            .borrow_mut()
            .extend(left.iter().map(|line| line.id));
        self.0.outbox.borrow_mut().adopt(left.clone());
        // Before anything is waited for: the state says what is kept, and must know of these.
        self.notify(MemoryEvent::Left(left));
        if take == Take::Everything {
            let mut drafts = std::mem::take(&mut record.drafts);
            // What was left elsewhere is older than what this tab has.
            drafts.merge(self.0.drafts.take());
            *self.0.drafts.borrow_mut() = drafts;
        }
        if tab == own || store.write(own, &self.record()).await.is_err() {
            return;
        }
        let _ = if record.drafts.is_empty() {
            store.remove(tab).await
        } else {
            let rest = serde_json::to_string(&record).unwrap_or(json);
            store.write(tab, &rest).await
        };
    }

    fn record(&self) -> String {
        let record = Record {
            at: clock::epoch_ms(),
            outbox: self.0.outbox.borrow().lines().to_vec(),
            drafts: self.0.drafts.borrow().clone(),
        };
        // Texts and numbers always have their JSON.
        serde_json::to_string(&record).unwrap_or_default()
    }

    /// Writes the record at every change, and at once: a tab that is closed gets no time for it. Only
    /// when many writes are under way does the next one wait, and has all changes until then.
    fn changed(&self) {
        self.0.dirty.set(true);
        let Some(tab) = self.0.tab.borrow().clone() else {
            return;
        };
        if self.0.writing.get() >= WRITES {
            return;
        }
        self.0.writing.set(self.0.writing.get() + 1);
        let this = self.clone();
        spawn_local(async move {
            while this.0.dirty.replace(false) {
                let kept = this.write(&tab).await;
                if this.0.fails.replace(!kept) == kept {
                    this.notify(MemoryEvent::Keeps(kept));
                }
            }
            this.0.writing.set(this.0.writing.get() - 1);
        });
    }

    async fn write(&self, tab: &str) -> bool {
        let Some(store) = self.store().await else {
            return false;
        };
        let nothing =
            self.0.outbox.borrow().lines().is_empty() && self.0.drafts.borrow().is_empty();
        let written = if nothing {
            store.remove(tab).await
        } else {
            store.write(tab, &self.record()).await
        };
        if written.is_err() {
            // The browser may have closed the database, for instance to clear it: the next write
            // opens it anew.
            self.0.store.take();
        }
        written.is_ok()
    }

    async fn store(&self) -> Option<Rc<Store>> {
        if let Some(store) = self.0.store.borrow().clone() {
            return Some(store);
        }
        let store = Rc::new(Store::open().await.ok()?);
        *self.0.store.borrow_mut() = Some(store.clone());
        Some(store)
    }

    fn notify(&self, event: MemoryEvent) {
        let notify = self.0.notify.borrow().clone();
        if let Some(notify) = notify {
            notify(event);
        }
    }
}

/// Returns `true` if a record was not changed for so long that its tab is likely gone.
async fn is_old(store: &Store, tab: &str) -> bool {
    let record = store.read(tab).await.ok().flatten();
    let record = record.and_then(|json| json::read::<Record>(&json).ok());
    record.is_some_and(|record| clock::epoch_ms().saturating_sub(record.at) > LEFT_AFTER_MS)
}
