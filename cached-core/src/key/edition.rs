//! What tells keys of one text apart.

/// What a key is beside its text: its version, whether the text ends with a digest, whether it is as
/// a cache keeps it, and whether it stays in this process. One word, because every hit compares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Edition(u64);

/// The marks of an edition; its version stands between the first and the others.
const DIGEST: u64 = 1;
const PLACED: u64 = 1 << 33;
const TENANT: u64 = 1 << 34;
const PINNED: u64 = 1 << 35;

impl Edition {
    #[inline]
    pub(crate) fn of(version: u32) -> Self {
        Self(u64::from(version) << 1)
    }

    pub(super) fn digested(self) -> Self {
        Self(self.0 | DIGEST)
    }

    /// As a cache keeps it, with or without a tenant.
    pub(super) fn placed(self, tenant: bool) -> Self {
        Self(self.0 | PLACED | if tenant { TENANT } else { 0 })
    }

    pub(super) fn with_version(self, version: u32) -> Self {
        Self(Self::of(version).0 | (self.0 & (DIGEST | PLACED | TENANT | PINNED)))
    }

    pub(super) fn pinned(self, pinned: bool) -> Self {
        Self(self.0 & !PINNED | if pinned { PINNED } else { 0 })
    }

    #[inline]
    pub(crate) fn is_digest(self) -> bool {
        self.0 & DIGEST != 0
    }

    #[inline]
    pub(crate) fn is_placed(self) -> bool {
        self.0 & PLACED != 0
    }

    pub(crate) fn has_tenant(self) -> bool {
        self.0 & TENANT != 0
    }

    /// All of it, of which keys of different tenants have different texts.
    #[cfg(feature = "remote")]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) fn version(self) -> u32 {
        (self.0 >> 1) as u32
    }
}
