service {{ name }}
{% if subscriber %}
    topics {{ name }}
{% endif %}
