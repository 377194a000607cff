"""The whole warehouse from landed files to published numbers, judged from outside."""
