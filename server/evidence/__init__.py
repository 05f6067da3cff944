"""Evidence: large files from bad networks, never lost, never replaced.

store     blobs by digest, in a folder or in S3, written once
staging   what has come of unfinished uploads, as files that one writer holds at a time
kinds     media types by the first bytes, against what was declared
uploads   the rules of an upload: begin, append, finish, end, expire
routes    tus 1.0.0 over HTTP, signed as the wire protocol's section 6 asks
checking  whether the bytes still have their digest, and what is recorded where they do not
scrub     all of them again, at a rate
examiner  what a picture says of itself, once; `picture` is the process that decodes it
viewing   leave to view: links, grants, the act before the first byte
viewer    the origin that serves the bytes under a grant

The order of a finished upload is the room's invariant: bytes checked, file fsynced, linked, folder fsynced, row,
entry in the log. So there is no row without its blob, and no arrival in the log without its row.
"""
