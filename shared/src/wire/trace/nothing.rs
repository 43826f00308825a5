//! Records nothing, in builds that cannot observe frames. Every type has no size.

#![allow(
    clippy::unused_self,
    clippy::needless_pass_by_value,
    clippy::needless_pass_by_ref_mut,
    reason = "the signatures are those of the implementation that records"
)]

use std::ops::Range;

use super::KeyDef;
use crate::crypto::hkdf::Secret;
use crate::frame::{CheckName, LayerName, Observe};
use crate::wire::span::FieldDef;

/// The fields of one layer.
#[derive(Debug, Default)]
pub(crate) struct Spans;

impl Spans {
    #[inline]
    pub(crate) const fn none() -> Self {
        Self
    }

    #[inline]
    pub(crate) fn new(_: Observe) -> Self {
        Self
    }

    #[inline]
    pub(crate) fn note(&mut self, _: &'static FieldDef, _: Range<usize>) {}

    #[inline]
    pub(crate) fn records(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) fn fill(&mut self, _: usize) {}

    #[inline]
    pub(crate) fn refuse_field(&mut self, _: CheckName, _: &'static FieldDef) {}

    #[inline]
    pub(crate) fn refuse(&mut self, _: CheckName, _: usize) {}
}

/// The layers of one frame.
#[derive(Debug)]
pub(crate) struct Trace;

impl Trace {
    #[inline]
    pub(crate) const fn none() -> Self {
        Self
    }

    #[inline]
    pub(crate) fn new(_: Observe) -> Self {
        Self
    }

    #[inline]
    pub(crate) fn records(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) fn has_secrets(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) fn restart(&mut self) {}

    #[inline]
    pub(crate) fn spans(&self) -> Spans {
        Spans
    }

    #[inline]
    pub(crate) fn nested(&mut self, _: LayerName, _: usize, _: Spans) {}

    #[inline]
    pub(crate) fn opened(&mut self, _: LayerName, _: &[u8], _: Spans) {}

    #[inline]
    pub(crate) fn owned(&mut self, _: LayerName, _: Vec<u8>, _: Spans) {}

    #[inline]
    pub(crate) fn refuse(&mut self, _: LayerName, _: CheckName, _: usize) {}

    #[inline]
    pub(crate) fn key(&mut self, _: KeyName, _: Option<u64>, _: &[u8], _: Option<&Secret>) {}
}

/// The name of a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyName;

impl KeyName {
    #[inline]
    pub(crate) fn new(_: &'static KeyDef) -> Self {
        Self
    }

    #[inline]
    pub(crate) fn next(self) -> Self {
        Self
    }
}
