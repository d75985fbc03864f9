//! How a child gives way to what else the machine does.

use strum::{EnumString, IntoStaticStr, VariantNames};

/// What a child gives up before it begins.
///
/// The defaults let a media server play undisturbed and still use every core that nobody else wants. Niceness 10 is a
/// weight of 110 against the 1024 of a process that isn't nice (the kernel's `sched_prio_to_weight`): a transcode that
/// starts gets nine tenths of each core they share. 19 would be a weight of 15, so little that on a machine which is
/// always busy a slow encode could show no sign of life within `stall_secs`. The idle class of the disk can't starve:
/// BFQ serves it every 0.2 s, mq-deadline within 10 s, and other schedulers ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priority {
    /// Niceness, 0 to 19; a process that is nicer already stays so.
    pub nice: u8,
    /// The class for the disk.
    pub ionice: IoNice,
}

impl Default for Priority {
    fn default() -> Self {
        Self { nice: 10, ionice: IoNice::Idle }
    }
}

/// The disk's classes, as ionice(1) has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum IoNice {
    /// Only what nobody else wants.
    Idle,
    /// Like everybody, but last among them.
    BestEffort,
    /// As the daemon itself.
    None,
}

impl IoNice {
    /// The class and level as `ioprio_set(2)` wants them; nothing: leave it.
    const fn priority(self) -> Option<libc::c_long> {
        const CLASS_SHIFT: libc::c_long = 13;
        match self {
            Self::Idle => Some(3 << CLASS_SHIFT),
            Self::BestEffort => Some((2 << CLASS_SHIFT) | 7),
            Self::None => None,
        }
    }
}

impl Priority {
    /// Takes effect on the calling process. It makes plain system calls only, so that a child may do it between fork and exec.
    ///
    /// What the system refuses (a sandbox that filters these calls) isn't had: an encode that can't be nice is still
    /// an encode.
    pub(crate) fn take_effect(self) {
        let nice = i32::from(self.nice);
        // Downwards needs a privilege, and would be rude.
        if rustix::process::getpriority_process(None).is_ok_and(|now| now < nice) {
            let _ = rustix::process::setpriority_process(None, nice);
        }
        if let Some(priority) = self.ionice.priority() {
            set_io_priority(priority);
        }
    }
}

#[allow(unsafe_code, reason = "neither the standard library nor rustix has ioprio_set")]
fn set_io_priority(priority: libc::c_long) {
    const WHO_PROCESS: libc::c_long = 1;
    const SELF: libc::c_long = 0;
    // SAFETY: ioprio_set takes three numbers and touches no memory.
    let _ = unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, SELF, priority) };
}
