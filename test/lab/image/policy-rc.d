#!/bin/sh
# Nothing is started while the image is built.
exit 101
