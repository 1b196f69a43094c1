-- The facts of an alert name the node that it is about by its kind, path, id and name, instead of
-- calling each a perspective; what its readers were last notified of is named so.
UPDATE deliveries
SET facts = json_remove(
    json_set(
        facts,
        '$.node',
        json_object(
            'kind', coalesce(json_extract(facts, '$.level'), 'perspective'),
            'path', coalesce(nullif(json_extract(facts, '$.scope'), ''),
                             json_extract(facts, '$.scorecard.id') || '/'
                             || json_extract(facts, '$.perspective.id')),
            'id', json_extract(facts, '$.perspective.id'),
            'name', json_extract(facts, '$.perspective.name')
        ),
        '$.last_notified', json_extract(facts, '$.told')
    ),
    '$.perspective', '$.level', '$.scope', '$.told'
)
WHERE json_valid(facts) AND json_type(facts, '$.perspective') = 'object';
