-- A database for each service that keeps something, owned by a role of its own that enters no other.
-- Runs once, when the server's volume is empty.
CREATE ROLE gateway LOGIN;
CREATE DATABASE gateway OWNER gateway;
REVOKE ALL ON DATABASE gateway FROM PUBLIC;

CREATE ROLE nlu LOGIN;
CREATE DATABASE nlu OWNER nlu;
REVOKE ALL ON DATABASE nlu FROM PUBLIC;

CREATE ROLE faq LOGIN;
CREATE DATABASE faq OWNER faq;
REVOKE ALL ON DATABASE faq FROM PUBLIC;

CREATE ROLE handoff LOGIN;
CREATE DATABASE handoff OWNER handoff;
REVOKE ALL ON DATABASE handoff FROM PUBLIC;
