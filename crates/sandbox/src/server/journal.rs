//! The bank's books on disk: one JSON line for each entry, appended before the answer leaves and
//! read again at the next start. No clear value stands in it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::bank::Entry;

/// An open journal. It is this process's alone for as long as it lives.
pub(super) struct Journal {
    file: File,
    /// How much of the file is whole lines.
    length_bytes: u64,
    /// Lines that could not be written yet: they come first as soon as something can be.
    unwritten: Vec<u8>,
}

impl Journal {
    /// Opens or makes a journal and reads what stands in it. A last line that was cut off by a
    /// crash was never answered for: it is dropped.
    ///
    /// # Errors
    /// When another process keeps this journal, or it cannot be read, or a line is damaged.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<Entry>)> {
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).truncate(false).open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another process uses this folder"),
            TryLockError::Error(error) => error,
        })?;
        let mut entries = Vec::new();
        let mut good_bytes: u64 = 0;
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        loop {
            line.clear();
            let length = reader.read_line(&mut line)?;
            if length == 0 || !line.ends_with('\n') {
                break;
            }
            let entry = serde_json::from_str(&line).map_err(|error| {
                let place = entries.len() + 1;
                io::Error::other(format!("the journal's line {place} is damaged: {error}"))
            })?;
            entries.push(entry);
            good_bytes += u64::try_from(length).map_err(io::Error::other)?;
        }
        drop(reader);
        file.set_len(good_bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self { file, length_bytes: good_bytes, unwritten: Vec::new() }, entries))
    }

    /// Appends entries. They reach the system before this returns, so that they outlive the
    /// process; a power cut may take the last ones, which is good enough for invented money.
    ///
    /// # Errors
    /// When they cannot be written now. Then nothing of them stands in the file, and they are
    /// written before anything else the next time.
    pub(super) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        for entry in entries {
            serde_json::to_writer(&mut self.unwritten, entry)?;
            self.unwritten.push(b'\n');
        }
        if let Err(error) = self.file.write_all(&self.unwritten) {
            // Half a line would make the rest unreadable.
            let _ = self.file.set_len(self.length_bytes);
            return Err(error);
        }
        self.length_bytes += u64::try_from(self.unwritten.len()).map_err(io::Error::other)?;
        self.unwritten.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mingka_domain::time::Timestamp;

    use super::*;
    use crate::bank::{Kind, OrderKey, Outcome};

    #[test]
    fn a_torn_line_is_dropped_and_a_damaged_one_is_named() {
        let folder = crate::scratch::Folder::new("journal");
        let path = folder.path().join("journal.jsonl");
        let entry = sample("binding1");
        let (mut journal, entries) = Journal::open(&path).unwrap();
        assert!(entries.is_empty());
        journal.append(&[entry.clone(), entry.clone()]).unwrap();
        journal.file.write_all(b"{\"sequence\":3,\"at").unwrap();
        drop(journal);

        let (mut journal, entries) = Journal::open(&path).unwrap();
        assert_eq!(entries, [entry.clone(), entry.clone()]);
        journal.append(std::slice::from_ref(&entry)).unwrap();
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().1.len(), 3);

        std::fs::write(&path, "{}\n").unwrap();
        assert!(Journal::open(&path).err().unwrap().to_string().contains("line 1"));
    }

    #[test]
    fn a_journal_has_one_keeper() {
        let folder = crate::scratch::Folder::new("journal-lock");
        let path = folder.path().join("journal.jsonl");
        let (journal, _) = Journal::open(&path).unwrap();
        let refused = Journal::open(&path).err().unwrap().to_string();
        assert!(refused.contains("another process"), "{refused}");
        drop(journal);
        assert!(Journal::open(&path).is_ok());
    }

    /// `/dev/full` is a full disk that every Linux has.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_full_disk_did_not_take_is_written_later_and_in_order() {
        let folder = crate::scratch::Folder::new("journal-full");
        let path = folder.path().join("journal.jsonl");
        let (mut journal, _) = Journal::open(&path).unwrap();
        let entries = [sample("binding1"), sample("binding2")];
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let disk = std::mem::replace(&mut journal.file, full);
        assert!(journal.append(&entries[..1]).is_err());
        journal.file = disk;
        journal.append(&entries[1..]).unwrap();
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().1, entries);
    }

    fn sample(order_id: &str) -> Entry {
        let order = OrderKey {
            merchant: "777290058146592".to_owned(),
            order_id: order_id.to_owned(),
            txn_time: "20261122120000".to_owned(),
        };
        Entry::new(Timestamp::from_millis(1), &order, Kind::CodeSent, "ok", Outcome::Done)
    }
}
