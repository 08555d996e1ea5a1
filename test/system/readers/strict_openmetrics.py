"""Reads bodies in OpenMetrics as strictly as prometheus_client does.

Standard input: bodies, each behind its length in bytes in its own line. Standard output: for each a line, empty for
a body that was read, else what was wrong with it.
"""
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

for line in sys.stdin.buffer:
    body = sys.stdin.buffer.read(int(line))
    try:
        for _ in text_string_to_metric_families(body.decode('utf-8')):
            pass
        print('', flush=True)
    except Exception as error:  # whatever it is, a reader would have no metrics
        print(repr(f'{type(error).__name__}: {error}')[:1000], flush=True)
