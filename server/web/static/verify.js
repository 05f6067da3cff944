// "Verify this record": recomputes in the reader's browser what the authority claims. No library, no other origin.
//
//   1. document   the document and its salt hash to what the log's entry commits to, and the entry is of this record
//   2. page       what the page shows is what the document says
//   3. inclusion  the entry's hash leads, by the hashes of the proof, to the root of a checkpoint
//   4. signature  the log's key signed that checkpoint (C2SP signed note, Ed25519)
//
// Invariant: a step is reported as passed only after it was computed here; without a secure context or without Ed25519
// nothing is reported as passed. `verify` is pure but for WebCrypto; the part below it fills in the page.

const utf8 = new TextEncoder();
const NOTE_DASH = "\u2014 ";
const OUTCOMES = ["published", "corrected", "withdrawn", "expired"];

export class Broken extends Error {
  constructor(step, why) {
    super(why);
    this.step = step;
    this.why = why;
  }
}

const join = (...parts) => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
};
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async bytes => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

function base64(text, step, what) {
  let raw;
  try { raw = atob(text); } catch { throw new Broken(step, what); }
  if (btoa(raw) !== text) throw new Broken(step, what);
  return Uint8Array.from(raw, letter => letter.charCodeAt(0));
}

function unhex(text, step, what) {
  if (typeof text !== "string" || !/^([0-9a-f]{2})*$/.test(text)) throw new Broken(step, what);
  return Uint8Array.from(text.match(/../g) ?? [], pair => parseInt(pair, 16));
}

// The entry is canonical MessagePack: {h: bin32, i: bin16, k: "disclosure", o: outcome, r: received ms, v: 1}.
export function readEntry(bytes) {
  let at = 0;
  const fail = () => { throw new Broken("document", "entry_form"); };
  const take = count => {
    if (at + count > bytes.length) fail();
    at += count;
    return bytes.subarray(at - count, at);
  };
  const text = () => {
    const head = take(1)[0];
    if (head < 0xa0 || head > 0xbf) fail();
    return new TextDecoder("utf-8", { fatal: true }).decode(take(head & 0x1f));
  };
  const binary = length => {
    const [code, size] = take(2);
    if (code !== 0xc4 || size !== length) fail();
    return take(size);
  };
  const number = () => {
    const head = take(1)[0];
    if (head < 0x80) return head;
    const sizes = { 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8 };
    if (!(head in sizes)) fail();
    const value = take(sizes[head]).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value) || value < { 0xcc: 128, 0xcd: 256, 0xce: 65536, 0xcf: 4294967296 }[head]) fail();
    return value;
  };
  if (take(1)[0] !== 0x86) fail();
  const found = {};
  for (const [key, read] of [["h", () => binary(32)], ["i", () => binary(16)], ["k", text], ["o", text], ["r", number], ["v", number]]) {
    if (text() !== key) fail();
    found[key] = read();
  }
  if (at !== bytes.length || found.k !== "disclosure" || found.v !== 1 || !OUTCOMES.includes(found.o)) fail();
  return found;
}

async function checkDocument(proof, record) {
  const entry = base64(proof.entry, "document", "entry_form");
  const told = readEntry(entry);
  const id = hex(told.i).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  if (id !== proof.record || id !== record) throw new Broken("document", "other_record");
  if (told.o !== proof.outcome) throw new Broken("document", "other_outcome");
  const salt = unhex(proof.salt, "document", "salt_form");
  if (salt.length !== 32 || typeof proof.document !== "string") throw new Broken("document", "salt_form");
  const bytes = utf8.encode(proof.document);
  const made = await sha256(join(utf8.encode("liuhen disclosure v1\n"), salt, bytes));
  if (!same(made, told.h)) throw new Broken("document", "hash_differs");
  const document = JSON.parse(proof.document);
  if (document.record !== id) throw new Broken("document", "other_record");
  if (document.outcome !== told.o) throw new Broken("document", "other_outcome");
  return { entry, document };
}

// What the page shows, by code of the column: text as it is, amounts as whole fen.
function checkPage(document, shown) {
  if (shown === null) return;
  const said = new Map();
  for (const field of document.fields ?? []) {
    if ("fen" in field) said.set(field.code, String(field.fen));
    else if ("value" in field) said.set(field.code, field.value);
  }
  if (document.changed) said.set("changed.reason", document.changed.reason);
  const codes = new Set([...said.keys(), ...Object.keys(shown)]);
  const differ = [...codes].filter(code => said.get(code) !== shown[code]);
  if (differ.length) throw new Broken("page", "page_differs " + differ.join(", "));
}

async function checkInclusion(proof, entry) {
  const lines = proof.checkpoint.split("\n");
  if (lines.length < 5 || !/^(0|[1-9][0-9]{0,15})$/.test(lines[1])) throw new Broken("inclusion", "checkpoint_form");
  const size = Number(lines[1]);
  const root = base64(lines[2], "inclusion", "checkpoint_form");
  const index = proof.index;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) throw new Broken("inclusion", "index_beyond");
  if (!Array.isArray(proof.hashes)) throw new Broken("inclusion", "path_broken");
  const path = proof.hashes.map(each => base64(each, "inclusion", "path_broken"));
  if (path.some(each => each.length !== 32)) throw new Broken("inclusion", "path_broken");
  // RFC 9162, section 2.1.3.2. BigInt: bit operations of numbers end at 32 bits.
  let fn = BigInt(index), sn = BigInt(size) - 1n;
  let hash = await sha256(join(Uint8Array.of(0), entry));
  for (const other of path) {
    if (sn === 0n) throw new Broken("inclusion", "path_broken");
    if (fn & 1n || fn === sn) {
      hash = await sha256(join(Uint8Array.of(1), other, hash));
      if (!(fn & 1n)) while (!(fn & 1n) && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else {
      hash = await sha256(join(Uint8Array.of(1), hash, other));
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n || !same(hash, root)) throw new Broken("inclusion", "path_broken");
  return { size, root: lines[2], origin: lines[0], index };
}

async function checkSignature(proof) {
  const fail = why => { throw new Broken("signature", why); };
  const parts = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(proof.key);
  if (!parts) fail("key_form");
  const [, name, id, encoded] = parts;
  const material = base64(encoded, "signature", "key_form");
  if (material.length !== 33 || material[0] !== 1) fail("key_form");
  const keyId = (await sha256(join(utf8.encode(name + "\n"), material))).subarray(0, 4);
  if (hex(keyId) !== id) fail("key_form");
  const cut = proof.checkpoint.lastIndexOf("\n\n");
  if (cut < 0 || !proof.checkpoint.endsWith("\n")) fail("checkpoint_form");
  const text = proof.checkpoint.slice(0, cut + 1);
  if (text.split("\n")[0] !== name) fail("other_log");
  const key = await crypto.subtle.importKey("raw", material.subarray(1), { name: "Ed25519" }, false, ["verify"]);
  let good = false;
  for (const line of proof.checkpoint.slice(cut + 2, -1).split("\n")) {
    if (!line.startsWith(NOTE_DASH)) fail("checkpoint_form");
    const space = line.indexOf(" ", NOTE_DASH.length);
    const signed = base64(line.slice(space + 1), "signature", "checkpoint_form");
    if (line.slice(NOTE_DASH.length, space) !== name || !same(signed.subarray(0, 4), keyId)) continue;
    if (!await crypto.subtle.verify({ name: "Ed25519" }, key, signed.subarray(4), utf8.encode(text))) fail("signature_bad");
    good = true;
  }
  if (!good) fail("signature_absent");
  return { key: proof.key };
}

// Whether this browser can check at all: {able} or {why: "insecure" | "no_ed25519"}.
export async function able() {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) return { able: false, why: "insecure" };
  try {
    // The public key of RFC 8032, section 7.1, test 1.
    const known = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "signature", "key_form");
    await crypto.subtle.importKey("raw", known, { name: "Ed25519" }, false, ["verify"]);
    return { able: true };
  } catch {
    return { able: false, why: "no_ed25519" };
  }
}

// All four steps: {steps: {document: "passed" | reason, …}, good, details}. What stands behind a failed step is still tried where it can be.
export async function verify(proof, record, shown) {
  const steps = {};
  const details = {};
  const run = async (name, work) => {
    try {
      const value = await work();
      steps[name] = "passed";
      return value;
    } catch (fault) {
      steps[name] = fault instanceof Broken ? fault.why : "malformed";
      return null;
    }
  };
  const held = await run("document", () => checkDocument(proof, record));
  if (held) await run("page", async () => checkPage(held.document, shown));
  const entry = held?.entry ?? await (async () => { try { return base64(proof.entry, "inclusion", "path_broken"); } catch { return null; } })();
  if (entry) Object.assign(details, await run("inclusion", () => checkInclusion(proof, entry)));
  else steps.inclusion = "path_broken";
  Object.assign(details, await run("signature", () => checkSignature(proof)));
  const good = ["document", "page", "inclusion", "signature"].every(name => steps[name] === "passed");
  return { steps, good, details };
}

// 10,000 yuan of whole fen, as `wan_yuan` prints it.
export function wan(fen) {
  const digits = fen.padStart(7, "0");
  const rest = digits.slice(-6).replace(/0+$/, "");
  return digits.slice(0, -6) + (rest ? "." + rest : "");
}

// What the page shows of each column: {code: text}. Amounts carry their fen beside the number; text with U+0000, which
// HTML cannot carry, carries itself as JSON beside its picture.
export function shownOn(page) {
  const found = {};
  for (const part of page.querySelectorAll("[data-code]")) {
    const { code, fen, json } = part.dataset;
    let value = part.textContent;
    if (fen !== undefined && wan(fen) === value) value = fen;
    else if (json !== undefined && JSON.parse(json).replaceAll("\0", "\u2400") === value) value = JSON.parse(json);
    found[code] = value;
  }
  return found;
}

// -- the page --

async function begin(box) {
  const texts = Object.fromEntries(Array.from(box.querySelector("template").content.querySelectorAll("[data-text]"), one => [one.dataset.text, one.textContent]));
  const word = key => texts[key] ?? texts[key.split(" ")[0]] ?? key;
  const out = box.querySelector("[data-result]");
  const button = box.querySelector("button");
  const say = (kind, title, lines) => {
    const note = document.createElement("div");
    note.className = "note " + kind;
    const head = document.createElement("p");
    const strong = document.createElement("strong");
    strong.textContent = title;
    head.append(strong);
    note.append(head);
    if (lines.length) {
      const list = document.createElement("ul");
      list.className = "plain";
      for (const line of lines) {
        const item = document.createElement("li");
        item.textContent = line;
        list.append(item);
      }
      note.append(list);
    }
    out.replaceChildren(note);
  };
  const check = async () => {
    button.disabled = true;
    say("info", word("working"), []);
    const may = await able();
    if (!may.able) {
      say("warn", word(may.why), [word("howto")]);
      box.dataset.state = "unable";
      return;
    }
    let proof;
    try {
      const answer = await fetch(box.dataset.proof, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (answer.status === 503) {
        say("info", word("pending"), []);
        box.dataset.state = "pending";
        button.disabled = false;
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      proof = await answer.json();
    } catch {
      say("warn", word("unreachable"), []);
      box.dataset.state = "unreachable";
      button.disabled = false;
      return;
    }
    const found = await verify(proof, box.dataset.record, shownOn(document));
    const lines = ["document", "page", "inclusion", "signature"].filter(step => step in found.steps).map(step => {
      const outcome = found.steps[step];
      if (outcome === "passed") return "\u2713 " + word(step + "_passed");
      const [reason, ...rest] = outcome.split(" ");
      return "\u2717 " + word(step + "_failed") + " " + word(reason) + (rest.length ? " " + rest.join(" ") : "");
    });
    if (found.good) {
      const d = found.details;
      lines.push(word("details").replace("ORIGIN", d.origin).replace("INDEX", d.index).replace("SIZE", d.size));
      lines.push(word("key") + " " + d.key);
    }
    say(found.good ? "ok" : "bad", word(found.good ? "good" : "broken"), lines);
    box.dataset.state = found.good ? "good" : "broken";
    button.disabled = false;
  };
  button.addEventListener("click", check);
  button.hidden = false;
}

const box = globalThis.document?.querySelector("[data-verify]");
if (box) begin(box);
