export type ApiKeyRow = {
  id: string;
  owner: string;
  name: string;
  key_hash: string;
  hint: string;
  scopes: string;
  created_at: number;
  revoked_at: number | null;
};

/** A key pair for TC3 signatures. */
export type Tc3KeyRow = {
  secret_id: string;
  owner: string;
  name: string;
  /** Encrypted: src/signing/secret-box.ts, under the SecretId. */
  secret: string;
  scopes: string;
  created_at: number;
  revoked_at: number | null;
};
