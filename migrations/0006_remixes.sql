-- Who removes a task may want what was made of it removed, too. Only such tasks pay for it.
CREATE INDEX tasks_parent ON tasks (owner, parent_id) WHERE parent_id IS NOT NULL;
