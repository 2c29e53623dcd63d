service {{ name }}
