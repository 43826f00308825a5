//! The choice of the part that each function is in.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{Export, ExternalKind};

use super::names::is_later;
use super::program::{Parsed, Program};
use super::{LOADER, short_name, unreadable};
use crate::failure::Result;

/// The part of each function.
pub(super) struct Plan {
    /// The functions of the first part, without its stubs.
    pub(super) kept: BTreeSet<u32>,
    pub(super) moved: BTreeSet<u32>,
    /// The functions of the later part that the first one refers to: stubs.
    pub(super) stubs: BTreeSet<u32>,
    /// The functions of the first part that the later one calls, with the names by which it imports
    /// them.
    pub(super) shared: BTreeMap<u32, String>,
    /// The table's slots with their functions, with a new slot for every stub that had none.
    pub(super) slots: BTreeMap<u32, u32>,
    pub(super) loader: u32,
}

impl Plan {
    pub(super) fn new(program: &Program<'_>) -> Result<Self> {
        let exported = |export: &&Export<'_>| export.kind == ExternalKind::Func;
        let loader = program
            .exports
            .iter()
            .filter(exported)
            .find(|export| export.name == LOADER)
            .ok_or_else(|| unreadable(format_args!("it has no function {LOADER}")))?
            .index;
        let all = 0..u32::try_from(program.functions.len()).unwrap_or(u32::MAX);
        let calls: Vec<Vec<u32>> = all
            .clone()
            .map(|function| program.calls(function))
            .collect::<Parsed<_>>()
            .map_err(unreadable)?;
        let name = |function: u32| program.names.get(&function).map_or("", String::as_str);
        let named: BTreeSet<u32> = all
            .clone()
            .filter(|it| is_later(name(*it), program.size(*it)))
            .collect();
        let named_later = |function: &u32| named.contains(function);

        // Everything that can be reached without a function of the later part.
        let entries: BTreeSet<u32> = (program.exports.iter().filter(exported))
            .map(|export| export.index)
            .chain(program.start)
            .chain(program.slots.values().copied())
            .collect();
        let reach = |from: &mut dyn Iterator<Item = u32>| {
            let mut open: Vec<u32> = from.filter(|it| !named_later(it)).collect();
            let mut reached: BTreeSet<u32> = open.iter().copied().collect();
            while let Some(function) = open.pop() {
                for called in &calls[function as usize] {
                    if !named_later(called) && reached.insert(*called) {
                        open.push(*called);
                    }
                }
            }
            reached
        };
        let mut kept = reach(&mut entries.iter().copied());
        kept.extend(0..program.imported());
        let moved: BTreeSet<u32> = all.filter(|it| !kept.contains(it)).collect();
        if moved.is_empty() {
            return Err(unreadable("none of its functions is in the later part"));
        }
        let waits = reach(&mut [loader].into_iter())
            .iter()
            .flat_map(|it| &calls[*it as usize])
            .find(|it| moved.contains(it))
            .copied();
        if let Some(function) = waits.or_else(|| moved.get(&loader).copied()) {
            return Err(unreadable(format_args!(
                "{LOADER} would have to load {} first",
                name(function)
            )));
        }

        let called_by = |part: &BTreeSet<u32>, other: &BTreeSet<u32>| -> BTreeSet<u32> {
            let called = part.iter().flat_map(|it| calls[*it as usize].iter());
            called.filter(|it| other.contains(it)).copied().collect()
        };
        let mut stubs = called_by(&kept, &moved);
        stubs.extend(entries.intersection(&moved));
        let mut slots = program.slots.clone();
        let with_slot: BTreeSet<u32> = slots.values().copied().collect();
        let end = slots.last_key_value().map_or(1, |(slot, _)| slot + 1);
        slots.extend((end..).zip(stubs.difference(&with_slot).copied()));
        let shared = called_by(&moved, &kept);
        Ok(Self {
            shared: shared.into_iter().zip((0..).map(short_name)).collect(),
            kept,
            moved,
            stubs,
            slots,
            loader,
        })
    }
}
