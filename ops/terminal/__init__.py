"""The reference terminal: what a handheld does, as a library. Knows `schemas` only, as an outsider would.

keys        the two private keys, in a file that nobody else can read
trust       which keys of the log are believed, and why: paper, epochs, the answer to an enrolment
queue_file  the records on the terminal: one chain, kept until the server has proven that it holds them
batches     what is offered next, cut and signed
receipts    what an answer proves, checked in the order of the wire protocol
client      the conversation: enrol, synchronize, and what to do about every refusal
uploads     files that records declare, in pieces, resumed after every cut
transport   bytes to and from a server over HTTP
words       what waits, why, and what to do, in Chinese and English
"""
