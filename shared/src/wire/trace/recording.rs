//! Records the fields, layers and keys of a frame, if its connection is observed.

use std::ops::Range;

use super::KeyDef;
use crate::connection::Plaintext;
use crate::crypto::hkdf::Secret;
use crate::frame::{CheckName, KeyUse, LayerName, LayerRecord, Observe};
use crate::limits::OBSERVED_FIELDS;
use crate::wire::fields::UNREAD;
use crate::wire::span::{Field, FieldDef};

/// The number of fields for which a layer has room at once. The frames of both versions have no more,
/// but for records with several messages.
const USUAL_FIELDS: usize = 8;

/// The fields of one layer.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    /// `None` if the connection is not observed.
    fields: Option<Vec<Field>>,
    refused: Option<(CheckName, usize)>,
}

impl Spans {
    /// Returns spans that do not record.
    #[inline]
    pub(crate) const fn none() -> Self {
        Self {
            fields: None,
            refused: None,
        }
    }

    /// Returns spans that record, if frames are reported.
    #[inline]
    pub(crate) fn new(observe: Observe) -> Self {
        if observe == Observe::Nothing {
            Self::none()
        } else {
            Self::recording()
        }
    }

    /// Returns spans that record.
    pub(crate) fn recording() -> Self {
        Self {
            fields: Some(Vec::with_capacity(USUAL_FIELDS)),
            refused: None,
        }
    }

    /// Notes a field, if fields are recorded.
    #[inline]
    pub(crate) fn note(&mut self, def: &'static FieldDef, range: Range<usize>) {
        if let Some(fields) = &mut self.fields {
            record(fields, def, range);
        }
    }

    /// Notes the check that refuses the layer. The first one counts.
    #[inline]
    pub(crate) fn refuse(&mut self, check: CheckName, offset: usize) {
        if self.fields.is_some() {
            self.refused.get_or_insert((check, offset));
        }
    }

    #[cfg(test)]
    pub(crate) fn fields(&self) -> &[Field] {
        self.fields.as_deref().unwrap_or_default()
    }

    /// Returns `true` if fields are recorded.
    #[inline]
    pub(crate) fn records(&self) -> bool {
        self.fields.is_some()
    }

    /// Notes the check that refuses a whole field, which was noted before.
    pub(crate) fn refuse_field(&mut self, check: CheckName, def: &'static FieldDef) {
        let fields = self.fields.as_deref().unwrap_or_default();
        let field = fields.iter().find(|field| std::ptr::eq(field.def, def));
        let offset = field.map_or(0, |field| field.range.start);
        self.refuse(check, offset);
    }

    /// Notes the bytes up to `length` as unread, if a check has refused the bytes before.
    pub(crate) fn fill(&mut self, length: usize) {
        if let Some(fields) = &mut self.fields {
            let read = fields.last().map_or(0, |field| field.range.end);
            // A parser that refuses bytes does not come to their end, and a record has them all.
            if read < length {
                fields.push(Field {
                    def: &UNREAD,
                    range: read..length,
                });
            }
        }
    }

    /// Returns the fields of a layer of `length` bytes, all of which are covered.
    fn finish(mut self, length: usize) -> Vec<Field> {
        self.fill(length);
        self.fields.unwrap_or_default()
    }
}

// Apart and cold, so that what is inlined into the codecs is one look at an `Option`.
#[cold]
fn record(fields: &mut Vec<Field>, def: &'static FieldDef, range: Range<usize>) {
    // No frame that is accepted has more; the rest of one that is refused is shown as unread.
    if fields.len() < OBSERVED_FIELDS {
        fields.push(Field { def, range });
    }
}

/// The layers of one frame.
#[derive(Debug)]
pub(crate) struct Trace(Option<Box<Traced>>);

/// A trace that records.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    pub(crate) layers: Vec<LayerRecord>,
    pub(crate) keys: Vec<KeyUse>,
    pub(crate) refused: Option<(LayerName, CheckName, usize)>,
    secrets: bool,
}

impl Trace {
    /// Returns a trace that does not record.
    #[inline]
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Returns a trace that records, if frames are reported.
    #[inline]
    pub(crate) fn new(observe: Observe) -> Self {
        if observe == Observe::Nothing {
            Self::none()
        } else {
            Self::recording(observe == Observe::WithSecrets)
        }
    }

    /// Returns a trace that records, with the values of secrets if `secrets`.
    fn recording(secrets: bool) -> Self {
        Self(Some(Box::new(Traced {
            secrets,
            ..Traced::default()
        })))
    }

    /// Returns `true` if layers are recorded.
    #[inline]
    pub(crate) fn records(&self) -> bool {
        self.0.is_some()
    }

    /// Returns `true` if the values of secrets are recorded.
    pub(crate) fn has_secrets(&self) -> bool {
        self.0.as_ref().is_some_and(|traced| traced.secrets)
    }

    /// Forgets everything: the frame turned out to be another one.
    pub(crate) fn restart(&mut self) {
        if self.records() {
            *self = Self::recording(self.has_secrets());
        }
    }

    /// Returns spans for a layer, which record if this trace does.
    #[inline]
    pub(crate) fn spans(&self) -> Spans {
        if self.0.is_some() {
            Spans::recording()
        } else {
            Spans::none()
        }
    }

    /// Takes a layer of `length` bytes: the bytes of the nested field of the layer before.
    #[inline]
    pub(crate) fn nested(&mut self, name: LayerName, length: usize, spans: Spans) {
        if let Some(traced) = &mut self.0 {
            traced.layer(name, None, length, spans);
        }
    }

    /// Takes a layer whose bytes were opened or decoded.
    #[inline]
    pub(crate) fn opened(&mut self, name: LayerName, bytes: &[u8], spans: Spans) {
        if self.records() {
            self.owned(name, bytes.to_vec(), spans);
        }
    }

    /// Takes a layer whose bytes were opened or decoded for the record.
    pub(crate) fn owned(&mut self, name: LayerName, bytes: Vec<u8>, spans: Spans) {
        if let Some(traced) = &mut self.0 {
            let length = bytes.len();
            traced.layer(name, Some(Plaintext::new(bytes)), length, spans);
        }
    }

    /// Notes the check that refuses the frame, and the first byte of the layer that it is about.
    #[inline]
    pub(crate) fn refuse(&mut self, layer: LayerName, check: CheckName, offset: usize) {
        if let Some(traced) = &mut self.0 {
            traced.refused.get_or_insert((layer, check, offset));
        }
    }

    /// Notes a key that takes part.
    #[inline]
    pub(crate) fn key(
        &mut self,
        name: KeyName,
        seq: Option<u64>,
        nonce: &[u8],
        secret: Option<&Secret>,
    ) {
        if let Some(traced) = &mut self.0 {
            traced.keys.push(KeyUse {
                name: name.def.name,
                derived_from: name.derived_from(),
                label: name.label(),
                epoch: name.epoch,
                seq,
                nonce: nonce.to_vec(),
                value: secret
                    .filter(|_| traced.secrets)
                    .map(|secret| Plaintext::new(secret.as_bytes().to_vec())),
            });
        }
    }

    /// Returns everything that was recorded.
    pub(crate) fn finish(self) -> Traced {
        self.0.map(|traced| *traced).unwrap_or_default()
    }
}

impl Traced {
    fn layer(&mut self, name: LayerName, own: Option<Plaintext>, length: usize, spans: Spans) {
        if let Some((check, offset)) = spans.refused {
            self.refused.get_or_insert((name, check, offset));
        }
        self.layers.push(LayerRecord {
            name,
            own,
            fields: spans.finish(length),
        });
    }
}

/// The name of a secret, and the number of key updates since it was derived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyName {
    def: &'static KeyDef,
    epoch: u64,
}

impl KeyName {
    pub(crate) fn new(def: &'static KeyDef) -> Self {
        Self { def, epoch: 0 }
    }

    /// Returns the name after a key update.
    pub(crate) fn next(self) -> Self {
        Self {
            epoch: self.epoch + 1,
            ..self
        }
    }

    fn derived_from(self) -> &'static str {
        // A later secret comes from the one before it, which has the same name (PROTOCOL.md §2.10).
        if self.epoch == 0 {
            self.def.derived_from
        } else {
            self.def.name
        }
    }

    fn label(self) -> &'static str {
        if self.epoch == 0 {
            self.def.label
        } else {
            "rekey"
        }
    }
}
