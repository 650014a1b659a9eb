"""The peers' job: the same script, run the same way; its end is counted in a file that all workers append to."""
import os
import subprocess

from celery import Celery

app = Celery("queue_tasks", broker=os.environ["PEER_CELERY"], backend=os.environ["PEER_CELERY"])
app.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)
ends = os.open(os.environ["PEER_ENDS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def script():
    run = subprocess.run(
        ["/bin/bash", "-p", os.environ["PEER_SCRIPT"]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=600)
    if run.returncode != 0:
        raise RuntimeError(f"the script ended with {run.returncode}")
    os.write(ends, b".")


celery_script = app.task(script, name="script")
