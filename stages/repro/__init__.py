"""``vqax repro``: every stage brought up to date, independent ones side by side.

DVC says what has changed and records what was made (``pipeline``); what runs the commands is a
``Runner``: processes of this machine (``local``), or of many through Dask (``dask_runner``).
Nothing of DVC is replaced. Begin with ``command``. Nothing is imported here, because the workers
of Dask import ``on_worker`` and nothing else.
"""
