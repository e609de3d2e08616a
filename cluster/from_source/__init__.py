"""The node image and the lab images, built from Go modules, wheels and Debian packages.

The way to the cluster where no container registry answers. `node_image.build` is the whole of it;
the other modules are its parts in the order in which it calls them.
"""
