//! Telling whoever watches a binding that it changed. Nothing is kept for a slow watcher: it is told
//! that it missed something and looks for itself.

use mingka_domain::effect::Subject;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Says what changed.
#[derive(Debug, Clone)]
pub(crate) struct Announcer(broadcast::Sender<Subject>);

impl Announcer {
    pub(crate) fn new(count_max: usize) -> Self {
        Self(broadcast::Sender::new(count_max.max(1)))
    }

    pub(crate) fn announce(&self, subject: Subject) {
        // Nobody watching is as good as everybody told.
        let _ = self.0.send(subject);
    }

    /// Every change, whatever it is about.
    pub(crate) fn all(&self) -> broadcast::Receiver<Subject> {
        self.0.subscribe()
    }

    pub(crate) fn watch(&self, subject: Subject) -> Watch {
        Watch { subject, changes: self.0.subscribe() }
    }
}

/// The changes of one subject, from the moment it was made.
#[derive(Debug)]
pub struct Watch {
    subject: Subject,
    changes: broadcast::Receiver<Subject>,
}

impl Watch {
    /// Waits until the subject may have changed. `false` when nothing will change any more because
    /// the engine ended.
    pub async fn changed(&mut self) -> bool {
        loop {
            match self.changes.recv().await {
                Ok(subject) if subject == self.subject => return true,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    }
}
