-- The world of one root organization. Rows keep the order in which they came through their integer key.

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The root organization has no parent.
CREATE TABLE organizations (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  parent INTEGER REFERENCES organizations,
  name TEXT NOT NULL,
  domain TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  hub_enabled INTEGER NOT NULL
) STRICT;

CREATE TABLE identity_providers (
  key INTEGER PRIMARY KEY,
  provider_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  description TEXT
) STRICT;

-- What Exchange holds; `facts` is its entry in the searches, as JSON.
CREATE TABLE exchange_assets (
  key INTEGER PRIMARY KEY,
  group_id TEXT NOT NULL,
  asset_id TEXT NOT NULL,
  name_key TEXT NOT NULL,
  search_key TEXT NOT NULL,
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  facts TEXT NOT NULL,
  UNIQUE (group_id, asset_id)
) STRICT;
CREATE INDEX exchange_assets_by_name ON exchange_assets (name_key, key);

CREATE TABLE exchange_versions (
  asset INTEGER NOT NULL REFERENCES exchange_assets ON DELETE CASCADE,
  position INTEGER NOT NULL,
  minor_version TEXT NOT NULL,
  PRIMARY KEY (asset, position),
  UNIQUE (asset, minor_version)
) STRICT, WITHOUT ROWID;

-- Categories and tags, for the filters and facets of the searches.
CREATE TABLE exchange_labels (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  asset INTEGER NOT NULL REFERENCES exchange_assets ON DELETE CASCADE,
  PRIMARY KEY (kind, value, asset)
) STRICT, WITHOUT ROWID;

CREATE TABLE connections (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  organization_id TEXT NOT NULL,
  type TEXT NOT NULL,
  environment TEXT,
  default_idp_id TEXT,
  sandbox_name TEXT,
  target_organization_domain TEXT,
  target_organization_id TEXT,
  username TEXT,
  created_date TEXT,
  updated_date TEXT
) STRICT;

CREATE TABLE portals (
  key INTEGER PRIMARY KEY,
  connection INTEGER NOT NULL REFERENCES connections,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  target_portal_id TEXT NOT NULL,
  internal_portal_id TEXT NOT NULL,
  builder_url TEXT,
  site_url TEXT,
  created_date TEXT,
  updated_date TEXT,
  finished_at_least_once INTEGER NOT NULL,
  UNIQUE (connection, id),
  UNIQUE (connection, target_portal_id)
) STRICT;

CREATE TABLE user_groups (
  key INTEGER PRIMARY KEY,
  portal INTEGER NOT NULL REFERENCES portals,
  id TEXT NOT NULL,
  parent INTEGER REFERENCES user_groups,
  name TEXT NOT NULL,
  description TEXT,
  is_admin INTEGER NOT NULL,
  is_auto_generated INTEGER NOT NULL,
  is_default INTEGER NOT NULL,
  is_public INTEGER NOT NULL,
  created_date TEXT,
  UNIQUE (portal, id)
) STRICT;
CREATE INDEX user_groups_by_parent ON user_groups (parent);

CREATE TABLE group_mappings (
  key INTEGER PRIMARY KEY,
  user_group INTEGER NOT NULL REFERENCES user_groups ON DELETE CASCADE,
  provider_id TEXT NOT NULL,
  external_group_name TEXT NOT NULL,
  membership_type TEXT NOT NULL,
  UNIQUE (user_group, provider_id, external_group_name, membership_type)
) STRICT;

-- What a portal shows; `facts` is its entry in the search, as JSON.
CREATE TABLE portal_assets (
  key INTEGER PRIMARY KEY,
  portal INTEGER NOT NULL REFERENCES portals,
  group_id TEXT NOT NULL,
  asset_id TEXT NOT NULL,
  name_key TEXT NOT NULL,
  search_key TEXT NOT NULL,
  added TEXT NOT NULL,
  updated TEXT NOT NULL,
  instance_visibility TEXT NOT NULL,
  facts TEXT NOT NULL,
  UNIQUE (portal, group_id, asset_id)
) STRICT;
CREATE INDEX portal_assets_by_name ON portal_assets (portal, name_key, key);

CREATE TABLE asset_labels (
  portal INTEGER NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  asset INTEGER NOT NULL REFERENCES portal_assets ON DELETE CASCADE,
  PRIMARY KEY (portal, kind, value, asset)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_labels_by_asset ON asset_labels (asset);

-- The versions of a published asset whose audience was set; those that Exchange has beside them came later.
CREATE TABLE asset_versions (
  key INTEGER PRIMARY KEY,
  asset INTEGER NOT NULL REFERENCES portal_assets ON DELETE CASCADE,
  minor_version TEXT NOT NULL,
  UNIQUE (asset, minor_version)
) STRICT;

CREATE TABLE audiences (
  version INTEGER NOT NULL REFERENCES asset_versions ON DELETE CASCADE,
  position INTEGER NOT NULL,
  user_group INTEGER NOT NULL REFERENCES user_groups ON DELETE CASCADE,
  PRIMARY KEY (version, user_group)
) STRICT, WITHOUT ROWID;
CREATE INDEX audiences_by_group ON audiences (user_group, version);

CREATE TABLE users (
  key INTEGER PRIMARY KEY,
  portal INTEGER NOT NULL REFERENCES portals,
  id TEXT NOT NULL,
  name TEXT,
  email TEXT NOT NULL,
  username TEXT,
  is_active INTEGER NOT NULL,
  is_external INTEGER NOT NULL,
  anypoint_username TEXT,
  anypoint_idp_id TEXT,
  anypoint_groups TEXT NOT NULL,
  search_key TEXT NOT NULL,
  UNIQUE (portal, id)
) STRICT;
-- A page of members is read in the order of their keys, without sorting all of them.
CREATE INDEX users_by_portal ON users (portal, key);
CREATE INDEX users_by_activity ON users (portal, is_active, key);

CREATE TABLE memberships (
  user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  position INTEGER NOT NULL,
  user_group INTEGER NOT NULL REFERENCES user_groups ON DELETE CASCADE,
  PRIMARY KEY (user, user_group)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_group ON memberships (user_group);

-- A rejected request leaves the lists; its row stays, so that a second decision is refused as such.
CREATE TABLE prospects (
  key INTEGER PRIMARY KEY,
  portal INTEGER NOT NULL REFERENCES portals,
  id TEXT NOT NULL,
  first_name TEXT,
  last_name TEXT,
  email TEXT NOT NULL,
  username TEXT,
  status TEXT NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED')),
  created_date TEXT,
  updated_date TEXT,
  search_key TEXT NOT NULL,
  UNIQUE (portal, id)
) STRICT;
