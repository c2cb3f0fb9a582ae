package period

// periodMembers are the members of a period in JSON, which are read into p. A member without Into
// belongs to format 1, and this version does not implement it.
func periodMembers(p *Period) []Member {
	return []Member{
		{Name: "id", Into: &p.ID, Required: true},
		{Name: "kind", Into: (*string)(&p.Kind), Required: true},
		{Name: "start", Into: &p.Start, Required: true},
		{Name: "end", Into: &p.End},
		{Name: "expected_end", Into: &p.ExpectedEnd},
		{Name: "down_since", Into: &p.DownSince},
		{Name: "enabled", Into: &p.Enabled, Required: true},
		{Name: "emergency", Into: &p.Emergency},
		{Name: "hold", Into: &p.HoldSeconds},
		{Name: "reason", Into: &p.Reason},
		{Name: "reason_lang", Into: &p.ReasonLang},
		{Name: "reasons", Into: &p.Reasons},
		{Name: "holder", Into: &p.Holder},
		{Name: "job", Into: &p.Job},
		{Name: "run_id", Into: &p.RunID},
		{Name: "bypass", Into: &p.Bypass},
		{Name: "version", Into: &p.Version},
		{Name: "created_by", Into: &p.CreatedBy},
		{Name: "created_at", Into: &p.CreatedAt},
		{Name: "updated_by", Into: &p.UpdatedBy},
		{Name: "updated_at", Into: &p.UpdatedAt},
		{Name: "scope"},
		{Name: "mode"},
	}
}
