//! The CPU and disk priority of child processes.

use strum::{EnumString, IntoStaticStr, VariantNames};

/// The priority that a child process sets for itself before it executes its program.
///
/// The defaults let a media server play undisturbed and still use every core that is otherwise idle. Niceness 10 is a
/// weight of 110 against the 1024 of a process with niceness 0 (the kernel's `sched_prio_to_weight`), so that a
/// transcode that starts gets nine tenths of each core they share. 19 would be a weight of 15: so little that on a
/// machine that is always busy a slow encode might make no progress within `stall_secs`. The idle class of the disk
/// can't starve: BFQ serves it every 0.2 s, mq-deadline within 10 s, and other schedulers ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priority {
    /// Niceness, 0 to 19. A process with a higher niceness keeps it.
    pub nice: u8,
    /// The I/O scheduling class.
    pub ionice: IoNice,
}

impl Default for Priority {
    fn default() -> Self {
        Self { nice: 10, ionice: IoNice::Idle }
    }
}

/// I/O scheduling classes, as in ionice(1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum IoNice {
    /// The idle class: gets disk time only while no other process wants it.
    Idle,
    /// The best-effort class at its lowest level.
    BestEffort,
    /// The same class as the daemon.
    None,
}

impl IoNice {
    /// Returns class and level as `ioprio_set(2)` expects them, or `None` if they aren't to be changed.
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
    /// Sets the priority of the calling process. It makes plain system calls only, so that a child may call it between
    /// fork and exec.
    ///
    /// Errors are ignored: if the system refuses a call (a sandbox may filter it), the encode runs at normal priority.
    pub(crate) fn take_effect(self) {
        let nice = i32::from(self.nice);
        // Lowering the niceness needs a privilege, and would take CPU time from other processes.
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
