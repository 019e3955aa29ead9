-- Ids that the vendor has given to what a task made (files that stay, subjects, voices, elements), and for whom: nobody else
-- may name them. Written in the batch that tells the task, only when its result holds such an id; goes with the retention
-- time. A row is two rows written, so that what is old is found without a scan.
CREATE TABLE produced_ids (
  id      TEXT NOT NULL,
  owner   TEXT NOT NULL,                -- an id may have been made for several
  made_at INTEGER NOT NULL,             -- the end of the task
  PRIMARY KEY (id, owner)
) STRICT, WITHOUT ROWID;

CREATE INDEX produced_ids_made ON produced_ids (made_at);
