"""Build the node image and the lab images from Go modules, wheels and Debian packages.

This is the image source where no container registry can be reached. Start with `node_image.build`,
which calls the other modules.
"""
